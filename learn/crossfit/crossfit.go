// Package crossfit measures learners by cross-fitting: each fold is predicted
// by a model that was fitted on the others. The out-of-fold predictions rank
// the learners and weigh the ensemble; the fold models together, pooled,
// are the bag that predicts new rows.
//
// A unit of effort is one fit of one learner on one fold. Its result is a
// pure function of its key, so it may be re-used, done again elsewhere, or
// done in any order.
package crossfit

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/septet-ml/septet/fold"
	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/problem"
)

// Candidate is a learner with settings and the name it has on the leaderboard.
type Candidate struct {
	ID      string
	Learner learn.Learner
}

// Job is one bag to be fitted: a candidate on all folds of one repeat.
type Job struct {
	Candidate Candidate
	Repeat    int // folds are drawn anew for each repeat
}

// Bag is a finished job.
type Bag struct {
	Job
	Models []learn.Model // one a fold
	OOF    []float64     // width values per row of the data, by the model that did not see the row
	Bytes  int64         // of the models, encoded
}

// Fits is the work to be done for a table.
type Fits struct {
	Data learn.Data // every row is used; Rows is nil

	// Folds gives the division of a repeat: every row is Valid in one fold.
	// All repeats have the same number of folds.
	Folds func(repeat int) ([]fold.Fold, error)

	// Key stands for the data and the folds in the key of a unit.
	Key any

	// Memo gives the stored result of a key, or of work after storing it.
	Memo func(ctx context.Context, key any, work func(context.Context) ([]byte, error)) ([]byte, error)

	// Decode reads a model back by the name of its learner.
	Decode func(name string, data []byte) (learn.Model, error)

	Seed    uint64
	Threads int

	// Limit gives, before each unit, the time that it may take. None is begun
	// at 0 or less; one that takes longer is given up, and with it all after
	// it. nil is no limit.
	Limit func() time.Duration

	// Progress hears of every finished unit; nil if nobody listens.
	Progress func(done int)
}

// unitKey names one fit.
type unitKey struct {
	Data     any           `json:"data"`
	Learner  string        `json:"learner"`
	Settings learn.Learner `json:"settings"`
	Repeat   int           `json:"repeat"`
	Fold     int           `json:"fold"`
	Folds    int           `json:"folds"`
	Seed     uint64        `json:"seed"`
}

// Run fits the jobs in their order. It gives the bags that were finished, a
// prefix of the jobs, and the number of units done, which is folds × jobs
// unless Limit ended it.
func (f *Fits) Run(ctx context.Context, jobs []Job) (bags []*Bag, units int, err error) {
	divisions := make(map[int][]fold.Fold)
	count := 0
	for _, job := range jobs {
		if divisions[job.Repeat] != nil {
			continue
		}
		folds, err := f.Folds(job.Repeat)
		if err != nil {
			return nil, 0, fmt.Errorf("draw folds: %w", err)
		}
		if count != 0 && len(folds) != count {
			return nil, 0, fmt.Errorf("draw folds: %d of them, then %d", count, len(folds))
		}
		divisions[job.Repeat], count = folds, len(folds)
	}
	all := make([]partialBag, len(jobs))
	side, threads := f.share()
	done, err := f.each(ctx, len(jobs)*count, side, func(ctx context.Context, u int) error {
		job, k := jobs[u/count], u%count
		folds := divisions[job.Repeat]
		result, err := f.fit(ctx, job, k, folds, threads)
		if err == nil {
			all[u/count].put(k, count, f.Data.Table.Rows, result, folds[k].Valid)
		}
		return err
	})
	if err != nil || count == 0 {
		return nil, done, err
	}
	for j := range done / count {
		all[j].bag.Job = jobs[j]
		bags = append(bags, &all[j].bag)
	}
	return bags, done, nil
}

// share splits the threads: fits on small tables run side by side, large ones
// one after another on all threads. The rule looks at the table only.
func (f *Fits) share() (side, threads int) {
	if f.Data.Table.Rows < 200_000 {
		return max(1, f.Threads), 1
	}
	return 1, max(1, f.Threads)
}

// Side is how many units are done at the same time.
func (f *Fits) Side() int {
	side, _ := f.share()
	return side
}

// errLimit ends a unit that took longer than it may.
var errLimit = errors.New("no time is left for the fit")

// each calls work for 0, 1, ... total-1 in their order on side goroutines,
// until Limit or an error, and gives the number of those that are finished
// with all before them.
func (f *Fits) each(ctx context.Context, total, side int, work func(context.Context, int) error) (int, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var (
		mu       sync.Mutex
		next     int
		finished int
		end      = total // no unit from here on is begun or counts
		group    sync.WaitGroup
		panicked atomic.Pointer[learn.Panic]
	)
	take := func() (u int, limit time.Duration, ok bool) {
		mu.Lock()
		defer mu.Unlock()
		if next >= end || ctx.Err() != nil {
			return 0, 0, false
		}
		limit = math.MaxInt64
		if f.Limit != nil {
			limit = f.Limit()
		}
		if limit <= 0 {
			end = next
			return 0, 0, false
		}
		next++
		return next - 1, limit, true
	}
	one := func(u int, limit time.Duration) error {
		inner, done := context.WithTimeoutCause(ctx, limit, errLimit)
		defer done()
		err := work(inner, u)
		mu.Lock()
		defer mu.Unlock()
		if err != nil && context.Cause(inner) == errLimit {
			end = min(end, u)
			return nil
		}
		if err != nil {
			return err
		}
		finished++
		if f.Progress != nil {
			f.Progress(finished)
		}
		return nil
	}
	for range side {
		group.Go(func() {
			defer func() {
				if p := learn.Caught(recover()); p != nil && panicked.CompareAndSwap(nil, p) {
					cancel(nil)
				}
			}()
			for u, limit, ok := take(); ok; u, limit, ok = take() {
				if err := one(u, limit); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
	group.Wait()
	if p := panicked.Load(); p != nil {
		panic(p)
	}
	return min(next, end), context.Cause(ctx)
}

// fit does one unit or gets it from the memo.
func (f *Fits) fit(ctx context.Context, job Job, k int, folds []fold.Fold, threads int) (unit, error) {
	learner := job.Candidate.Learner
	key := unitKey{f.Key, learner.Name(), learner, job.Repeat, k, len(folds), f.Seed}
	opt := learn.Options{Seed: f.Seed + uint64(job.Repeat*len(folds)+k)*0x9e3779b97f4a7c15, Threads: threads}
	data, err := f.Memo(ctx, key, func(ctx context.Context) ([]byte, error) {
		return f.work(ctx, learner, folds[k], opt)
	})
	if err != nil {
		return unit{}, fmt.Errorf("fit %s, fold %d: %w", job.Candidate.ID, k+1, err)
	}
	u, err := decodeUnit(data)
	if err != nil {
		return unit{}, fmt.Errorf("fit %s, fold %d: %w", job.Candidate.ID, k+1, err)
	}
	if u.model, err = f.Decode(learner.Name(), u.encoded); err != nil {
		return unit{}, fmt.Errorf("fit %s, fold %d: %w", job.Candidate.ID, k+1, err)
	}
	if want := len(folds[k].Valid) * u.model.Width(); len(u.oof) != 8*want {
		return unit{}, fmt.Errorf("fit %s, fold %d: %d predictions for %d rows", job.Candidate.ID, k+1, len(u.oof)/8, len(folds[k].Valid))
	}
	return u, nil
}

// work is a unit as it is stored. A learner that panics, or whose predictions
// are no numbers, fails: nothing is made of the fits then, rather than a model
// without it.
func (f *Fits) work(ctx context.Context, learner learn.Learner, part fold.Fold, opt learn.Options) (out []byte, err error) {
	defer func() {
		if p := learn.Caught(recover()); p != nil {
			err = &problem.Problem{
				Kind: problem.Failed, Code: "program.bug", Where: learner.Name(),
				What: "a learner met a mistake in the program and was stopped", Why: p.Error(),
				Fix: "please report it, with the kind of table", Cause: p,
			}
		}
	}()
	train, valid := f.Data, f.Data
	train.Rows, valid.Rows = part.Train, part.Valid
	model, err := learner.Fit(ctx, train, &valid, opt)
	if err != nil {
		return nil, err
	}
	oof, err := learn.PredictTable(ctx, model, f.Data.Table, valid.Rows, opt.Threads)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(oof, func(v float64) bool { return !(math.Abs(v) <= math.MaxFloat64) }) {
		return nil, errors.New("a prediction is not a finite number")
	}
	encoded, err := model.MarshalBinary()
	if err != nil {
		return nil, err
	}
	return encodeUnit(encoded, oof), nil
}
