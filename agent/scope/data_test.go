package scope

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/problem"
)

// described keeps the catalogs that several tests look at.
var described = struct {
	sync.Mutex
	facts map[string]*facts
}{facts: map[string]*facts{}}

// shared is the catalog of files of the shared data sets; the test is skipped
// where they are not.
func shared(t *testing.T, names ...string) facts {
	t.Helper()
	folder := filepath.Join("..", "..", "..", "shared", "data")
	if _, err := os.Stat(folder); err != nil {
		t.Skip("the shared data sets are not beside the repository")
	}
	paths := make([]string, len(names))
	for i, n := range names {
		paths[i] = filepath.Join(folder, n)
	}
	described.Lock()
	defer described.Unlock()
	key := strings.Join(names, " ")
	if f, ok := described.facts[key]; ok {
		return *f
	}
	f, err := gather(t.Context(), paths, 2)
	if err != nil {
		t.Fatal(err)
	}
	described.facts[key] = f
	return *f
}

// outcome is a scope in a line: the target, what kind it is and what is
// positive; or the question, or the code of the refusal.
func outcome(brief handoff.Brief, f facts) string {
	r, err := define(brief, f)
	var a *asked
	switch p := problem.As(err); {
	case errors.As(err, &a):
		text := "ask"
		for _, q := range a.questions {
			text += " " + q.ID
			if q.Default != nil {
				text += " (" + *q.Default + ")"
			}
		}
		return text
	case p != nil:
		return p.Error()
	case err != nil:
		return "error: " + err.Error()
	}
	s := r.scope
	text := s.ProblemType
	if s.Target != nil {
		text += " " + s.Target.Column
		if s.Target.Positive != nil {
			text += "=" + *s.Target.Positive
		}
	}
	if s.Label != nil {
		text += " " + s.Label.Rule + " of " + s.Label.EventTable
	}
	if len(s.Entity) > 0 {
		text += fmt.Sprint(" for ", s.Entity)
	}
	for _, f := range s.Filters {
		text += fmt.Sprintf(" if %s.%s %s %s", f.Table, f.Column, f.Op, f.Value)
	}
	return text
}
