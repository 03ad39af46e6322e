package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/septet-ml/septet/agent/scope/spec"
	"github.com/septet-ml/septet/docs"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/metric"
	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/settings"
	"github.com/septet-ml/septet/terminal"
)

// briefFlags are the flags of septet run that say what is asked for.
type briefFlags struct {
	data            []string
	target          string
	positive        string
	entity, exclude []string
	time            string
	metric          string
	set, waive      []string
	name            string
	effort          string
	budget          time.Duration
	seed            uint64
	threads         int
	memory          string
	until           string
	refit, noDeploy bool
	strategy        string
	yes             bool
}

func (f *briefFlags) register(c *cobra.Command) {
	flags := c.Flags()
	flags.StringArrayVar(&f.data, "data", nil, "file or `folder` of tables (.csv, .csv.gz, .parquet); may be repeated")
	flags.StringVar(&f.target, "target", "", "`column` to predict, as COLUMN or TABLE.COLUMN; default: from the request")
	flags.StringVar(&f.positive, "positive", "", "`value` of the target that is the class of interest")
	flags.StringSliceVar(&f.entity, "entity", nil, "key `columns` of what is predicted for")
	flags.StringVar(&f.time, "time", "", "`column` that tells when a row came to be, or YEAR,MONTH,DAY in columns of their own")
	flags.StringSliceVar(&f.exclude, "exclude", nil, "`columns` that no feature is made of")
	flags.StringVar(&f.metric, "metric", "", "primary `score`: "+strings.Join(metricNames(), ", "))
	flags.StringArrayVar(&f.set, "set", nil, "`key=value`: answer to a question, or a setting (septet help settings)")
	flags.StringArrayVar(&f.waive, "waive", nil, "take on what a gate refuses: `CODE[:COLUMN]=REASON`")
	flags.StringVar(&f.name, "name", "", "`name` of the model; default: made from the request")
	flags.StringVar(&f.effort, "effort", "standard", "how much work: quick, standard, best or a `number` of fits")
	flags.DurationVar(&f.budget, "budget", 0, "stop at the next fit after this `time`, such as 90s or 10m")
	flags.Uint64Var(&f.seed, "seed", 1, "`number` that all chance comes from")
	flags.IntVar(&f.threads, "threads", 0, "`cores` to use; never changes a result; default: all")
	flags.StringVar(&f.memory, "memory", "", "`size` to stay below, such as 2GB; default: what the machine has")
	flags.StringVar(&f.until, "until", "", "end after this `agent`")
	flags.BoolVar(&f.refit, "refit", false, "after the test fit the same recipe again on train, validation and test rows")
	flags.BoolVar(&f.noDeploy, "no-deploy", false, "end with a model that passed")
	flags.StringVar(&f.strategy, "strategy", "", "how a model takes over: "+strings.Join(strategies(), ", ")+"; default: blue-green")
	flags.BoolVar(&f.yes, "yes", false, "answer questions with their defaults, and record that")
}

// strategies are the ways that a new model takes over from the old.
func strategies() []string { return []string{"blue-green", "canary", "shadow", "direct"} }

func metricNames() []string {
	var names []string
	for _, n := range metric.Names() {
		names = append(names, string(n))
	}
	return names
}

// brief is what the flags and the request ask for. Every fault of them is a
// usage problem, found before anything runs.
func (f *briefFlags) brief(request string, now time.Time) (handoff.Brief, error) {
	b := handoff.Brief{Request: request}
	var err error
	if spec.IsSpec(request) {
		if b.Spec, err = readSpec(request); err != nil {
			return b, err
		}
		b.Request = b.Spec.Request
	}
	if b.Sources, err = sources(f.data); err != nil {
		return b, err
	}
	s := &b.Settings
	*s = handoff.Settings{
		Target: f.target, Positive: f.positive, Entity: f.entity, Time: f.time, Exclude: f.exclude,
		Metric: f.metric, Yes: f.yes, Name: f.name, Effort: f.effort, Refit: f.refit,
		Strategy: f.strategy, Seed: f.seed, Threads: f.threads, Budget: f.budget, NoDeploy: f.noDeploy,
	}
	if f.metric != "" {
		if _, err := metric.Parse(f.metric); err != nil {
			return b, err
		}
	}
	if err := oneOf("--strategy", f.strategy, "", strategies()...); err != nil {
		return b, err
	}
	if units, err := strconv.Atoi(f.effort); err != nil || units < 1 {
		if err := oneOf("--effort", f.effort, "or a number of fits from 1", "quick", "standard", "best"); err != nil || f.effort == "" {
			return b, err
		}
	}
	if f.budget < 0 || f.threads < 0 {
		return b, usage("usage.value", "septet run", "--budget and --threads cannot be negative", "leave them away for no limit")
	}
	if s.Memory, err = size(f.memory); err != nil {
		return b, err
	}
	if s.Set, err = pairs(f.set); err != nil {
		return b, err
	}
	if err := settings.Check(s.Set); err != nil {
		return b, err
	}
	if s.Waivers, err = waivers(f.waive, now); err != nil {
		return b, err
	}
	s.Until, err = agent("--until", f.until)
	return b, err
}

// readSpec reads a specification, as --plan writes it.
func readSpec(path string) (*handoff.Scope, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, missingFile("REQUEST", path, err)
	}
	return spec.Read(path, data)
}

func usage(code, where, what, fix string) *problem.Problem {
	return &problem.Problem{Kind: problem.Usage, Code: code, Where: where, What: what, Fix: fix}
}

// oneOf refuses a value that is neither empty nor allowed.
func oneOf(flag, value, or string, allowed ...string) error {
	if value == "" || slices.Contains(allowed, value) {
		return nil
	}
	p := usage("usage.value", flag, fmt.Sprintf("%s cannot be %q", flag, value), strings.TrimSpace("give "+strings.Join(allowed, ", ")+" "+or))
	p.Nearest = nearest(value, allowed)
	return p
}

// agent is the agent that a person calls by its id or its short name.
func agent(flag, name string) (handoff.Agent, error) {
	var names []string
	for _, a := range handoff.Agents() {
		if name == string(a) || name == terminal.Name(a) {
			return a, nil
		}
		names = append(names, string(a))
	}
	return "", oneOf(flag, name, "", names...)
}

// sources are the places of the tables, absolute. A password in an address is
// refused, whatever the address is of.
func sources(data []string) ([]handoff.Source, error) {
	var all []handoff.Source
	for _, place := range data {
		if u, err := url.Parse(place); err == nil && u.Host != "" {
			if _, secret := u.User.Password(); secret {
				return nil, usage("usage.password", "--data", "a password on the command line can be read by every process of this machine", "take the password out of the address")
			}
			return nil, usage("usage.source", "--data", "tables are read from files and folders, not from "+u.Scheme+" addresses", "write the tables into a folder as .csv or .parquet files")
		}
		path, err := filepath.Abs(place)
		if err != nil {
			return nil, fmt.Errorf("find %s: %w", place, err)
		}
		if _, err := os.Stat(path); err != nil {
			return nil, missingFile("--data", place, err)
		}
		all = append(all, handoff.Source{Path: path})
	}
	return all, nil
}

// missingFile is the problem of a file that a person named and that is not to
// be had.
func missingFile(flag, path string, err error) *problem.Problem {
	p := usage("data.missing", strings.TrimSpace(flag+" "+path), path+" cannot be read", "give a file or folder that you may read")
	p.Cause = err
	if errors.Is(err, fs.ErrNotExist) {
		p.What = path + " is not there"
		var names []string
		entries, _ := os.ReadDir(filepath.Dir(path))
		for _, e := range entries {
			names = append(names, e.Name())
		}
		for _, name := range nearest(filepath.Base(path), names) {
			p.Nearest = append(p.Nearest, filepath.Join(filepath.Dir(path), name))
		}
		p.Fix = "give a file or folder that is there"
	}
	return p
}

// size reads "500MB", "2GB", "2GiB" or a number of bytes; "" is 0.
func size(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	number := strings.TrimRight(text, "KMGTiBkmgb ")
	scale := map[string]float64{
		"": 1, "B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12,
		"KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30, "TIB": 1 << 40,
	}[strings.ToUpper(strings.TrimSpace(text[len(number):]))]
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || !(n*scale >= 64e6) || n*scale > 1e15 {
		return 0, usage("usage.value", "--memory", fmt.Sprintf("--memory cannot be %q", text), "give a size from 64MB, such as 2GB")
	}
	return int64(n * scale), nil
}

// pairs reads key=value settings; nil where there are none.
func pairs(set []string) (map[string]string, error) {
	if len(set) == 0 {
		return nil, nil
	}
	all := map[string]string{}
	for _, s := range set {
		key, value, found := strings.Cut(s, "=")
		if !found || key == "" {
			return nil, usage("usage.value", "--set "+s, "--set wants key=value", "septet help settings lists the keys")
		}
		if before, twice := all[key]; twice && before != value {
			return nil, usage("usage.value", "--set "+s, "--set gives "+key+" two values", "give it once")
		}
		all[key] = value
	}
	return all, nil
}

// waivers reads CODE[:COLUMN]=REASON, and notes who gave them and when.
func waivers(waive []string, now time.Time) ([]handoff.Waiver, error) {
	var all []handoff.Waiver
	for _, text := range waive {
		what, reason, _ := strings.Cut(text, "=")
		if strings.TrimSpace(reason) == "" {
			return nil, usage("usage.value", "--waive "+text, "a waiver wants a reason", `--waive "CODE[:COLUMN]=REASON"`)
		}
		code, column, _ := strings.Cut(what, ":")
		if _, there := docs.Find(code); !there {
			p := usage("usage.value", "--waive "+text, fmt.Sprintf("there is no code %q", code), "septet explain lists all codes")
			p.Nearest = nearest(code, codes())
			return nil, p
		}
		all = append(all, handoff.Waiver{Code: code, Column: column, Reason: strings.TrimSpace(reason), By: account(), At: now.UTC().Format(time.RFC3339)})
	}
	return all, nil
}
