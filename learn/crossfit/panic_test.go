package crossfit_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/crossfit"
	"github.com/septet-ml/septet/learn/forest"
	"github.com/septet-ml/septet/learn/linear"
	"github.com/septet-ml/septet/learn/net"
	"github.com/septet-ml/septet/learn/tree"
	"github.com/septet-ml/septet/problem"
)

// A learner of several threads whose kernel panics, here over a column that
// ends too early, fails with the kernel's place, and leaves no goroutine behind.
func TestPanicOfAThreadIsAnError(t *testing.T) {
	d := example(200_000) // that many are fitted with all threads
	d.Table.Columns[1].Number = d.Table.Columns[1].Number[:190_000]
	for _, learner := range []learn.Learner{
		tree.Boost{Rounds: 2},
		forest.Learner{Trees: 2},
		linear.Learner{L2: 1},
		net.Learner{Nets: 2, Width: 4, Epochs: 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			f := fits(d, &memo{kept: map[string][]byte{}}, 3)
			_, _, err := f.Run(t.Context(), []crossfit.Job{{Candidate: crossfit.Candidate{ID: "bad", Learner: learner}}})
			p := problem.As(err)
			if p == nil || p.Code != "program.bug" || p.Where != learner.Name() || !strings.HasPrefix(p.Why, "runtime error: index out of range [") || !strings.Contains(p.Why, ".go:") {
				t.Errorf("%s: error %v", learner.Name(), err)
			}
			if p, ok := errors.AsType[*learn.Panic](err); !ok || !strings.Contains(p.Stack(), "panic(") || !strings.Contains(p.Stack(), strings.Split(p.Where, " ")[0]) {
				t.Errorf("%s: the error has no stack of where it began", learner.Name())
			}
		})
	}
}

// A panic beside the learner, in what keeps its results, comes to the caller,
// however many units are done side by side.
func TestPanicBesideALearner(t *testing.T) {
	for threads := 1; threads <= 3; threads++ {
		synctest.Test(t, func(t *testing.T) {
			f := fits(example(60), nil, threads)
			f.Memo = func(context.Context, any, func(context.Context) ([]byte, error)) ([]byte, error) {
				panic("nothing is kept")
			}
			defer func() {
				if p := learn.Caught(recover()); p == nil || p.Value != "nothing is kept" || !strings.Contains(p.Where, "TestPanicBesideALearner") {
					t.Errorf("%d threads: caught %v", threads, p)
				}
			}()
			f.Run(t.Context(), jobs)
		})
	}
}
