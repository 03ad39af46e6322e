package handoff

import "time"

// Brief is what a person asks for: the input of the first agent. It stands in
// the run's record, not in an envelope.
type Brief struct {
	Request  string   `json:"request"` // plain English, or ""
	Sources  []Source `json:"sources"`
	Settings Settings `json:"settings"`
	Spec     *Scope   `json:"spec,omitempty"` // REQUEST was a spec.yaml, as --plan writes it
}

// Source is one place that tables come from.
type Source struct {
	Path string `json:"path"` // absolute: a file or a folder of files
}

// Settings are what a person chose. An agent's key holds only the part it
// reads. Zero values mean "not said".
type Settings struct {
	Target   string            `json:"target,omitempty"`   // column or table.column
	Positive string            `json:"positive,omitempty"` // class
	Entity   []string          `json:"entity,omitempty"`
	Time     string            `json:"time,omitempty"`
	Exclude  []string          `json:"exclude,omitempty"`
	Metric   string            `json:"metric,omitempty"`
	Set      map[string]string `json:"set,omitempty"` // --set key=value; keys checked by the command line and by who reads them
	Waivers  []Waiver          `json:"waivers,omitempty"`
	Yes      bool              `json:"yes,omitempty"` // questions get their defaults
	Name     string            `json:"name,omitempty"`
	Effort   string            `json:"effort,omitempty"` // quick, standard, best or a number of units
	Refit    bool              `json:"refit,omitempty"`
	Strategy string            `json:"strategy,omitempty"`
	Seed     uint64            `json:"seed"`

	// WarmStart is the envelopes of earlier runs' models, by id, whose experience
	// may order the work: nil without --warm-start, empty where the workspace has
	// none. They are named when the run begins, so that whoever resumes it looks
	// at the same ones.
	WarmStart []string `json:"warm_start,omitzero"`

	// Never part of a key.
	Threads  int           `json:"threads,omitempty"` // 0 is one for each processor
	Memory   int64         `json:"memory,omitempty"`  // bytes; 0 is no limit of its own
	Budget   time.Duration `json:"budget,omitempty"`  // 0 is none
	NoDeploy bool          `json:"no_deploy,omitempty"`
	Until    Agent         `json:"until,omitempty"` // the last agent to work
	Plan     bool          `json:"plan,omitempty"`  // only understand the request: Until scope_definer, and the run is planned
}

// Question is what the scope definer needs to know and does not guess.
type Question struct {
	ID      string   `json:"id"` // answered with --set ID=VALUE
	Text    string   `json:"text"`
	Type    string   `json:"type"` // "choice", "text", "number", "date"
	Options []string `json:"options"`
	Default *string  `json:"default"` // null where there is none to give
}
