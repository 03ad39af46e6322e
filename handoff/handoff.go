// Package handoff is the contract between the agents.
//
// Seven agents work in a fixed order. Between two of them passes one Envelope
// and nothing else; what it carries (its output) is one of the seven payloads:
//
//	scope_definer          → data_preparer           Scope
//	data_preparer          → feature_analyzer        Dataset
//	feature_analyzer       → model_selector          Features
//	model_selector         → model_trainer           Choice
//	model_trainer          → model_deployer          Model
//	model_deployer         → observability_connector Deployment
//	observability_connector → caller                 Watch
//
// Each payload holds its predecessor, so that one envelope is enough to run
// any agent alone. Large data travels only as a Ref. A payload is a pure
// function of data, settings and seed: times, run ids, addresses and paths
// stand in the envelope's metadata or in the ledger, so that equal work has
// equal bytes.
package handoff

import "slices"

// Agent is the id of an agent.
type Agent string

const (
	ScopeDefiner           Agent = "scope_definer"
	DataPreparer           Agent = "data_preparer"
	FeatureAnalyzer        Agent = "feature_analyzer"
	ModelSelector          Agent = "model_selector"
	ModelTrainer           Agent = "model_trainer"
	ModelDeployer          Agent = "model_deployer"
	ObservabilityConnector Agent = "observability_connector"

	Caller Agent = "caller" // before the first and after the last
)

// Agents is the order of the run.
func Agents() []Agent {
	return []Agent{ScopeDefiner, DataPreparer, FeatureAnalyzer, ModelSelector, ModelTrainer, ModelDeployer, ObservabilityConnector}
}

// Next is the agent that an agent hands to.
func (a Agent) Next() Agent {
	agents := Agents()
	i := slices.Index(agents, a)
	if i < 0 || i+1 == len(agents) {
		return Caller
	}
	return agents[i+1]
}

// After tells whether a works after b in the run; the empty agent stands for
// the end of it, after all.
func (a Agent) After(b Agent) bool {
	agents := Agents()
	i, j := slices.Index(agents, a), slices.Index(agents, b)
	if i < 0 {
		i = len(agents)
	}
	return i > j
}

// Ref names content in the artifact store by its digest.
type Ref struct {
	Kind      string `json:"kind"`   // "train_rows", "model", "transform", ...
	SHA256    string `json:"sha256"` // 64 lower-case hex digits
	Bytes     int64  `json:"bytes"`
	Rows      int64  `json:"rows"` // 0 where rows mean nothing
	MediaType string `json:"media_type"`
}

// Payload is what an envelope carries.
type Payload interface {
	// Schema is the name and version of the payload's JSON Schema.
	Schema() (name, version string)

	// Check gives every semantic fault that the schema cannot see: ranges
	// that hang together, references, sums. nil means sound.
	Check() []Fault
}

// Fault is one thing that is wrong with a document.
type Fault struct {
	Pointer string `json:"pointer"` // JSON Pointer (RFC 6901) into the payload
	Reason  string `json:"reason"`
	Fix     string `json:"fix"`
}
