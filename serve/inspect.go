package serve

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"sync"
	"time"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/problem"
)

// inspection is what was seen of a candidate before any caller met it.
type inspection struct {
	golden, equal int
	p50, p99      float64 // milliseconds of one row: read, scored, written
}

// load reads a version's file into a fresh slot.
func (s *Server) load(ctx context.Context, m ledger.Model, color string) (*slot, error) {
	path := s.pathOf(m)
	before := liveHeap()
	model, err := openQuietly(ctx, s.open, path)
	if err != nil {
		return nil, &problem.Problem{
			Kind: problem.Failed, Code: "deploy.unreadable", Where: path, Cause: err,
			What: fmt.Sprintf("model %s version %d cannot be loaded", m.Name, m.Version), Why: reason(err),
			Fix: "deploy another version: septet deployments " + m.Name,
		}
	}
	about := model.About()
	if about.Digest != m.Digest {
		return nil, &problem.Problem{
			Kind: problem.Failed, Code: "deploy.digest", Where: path,
			What: fmt.Sprintf("the file of %s version %d is not the one that was registered", m.Name, m.Version),
			Why:  "its digest is " + about.Digest + ", not " + m.Digest,
			Fix:  "restore the file, or make the model again",
		}
	}
	if len(about.Golden) == 0 {
		return nil, &problem.Problem{
			Kind: problem.Failed, Code: "deploy.no_golden", Where: path,
			What: "the model file has no golden rows to check it by", Fix: "make the model again",
		}
	}
	ref := modelRef{Name: m.Name, Version: m.Version, Digest: m.Digest}
	lookup, err := openLookup(s.folder, about)
	if err != nil {
		return nil, err
	}
	answer, err := newAnswer(about, ref, color)
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", m.Digest, err)
	}
	sl := &slot{
		ref: ref, color: color, path: path, model: model, about: about, form: newForm(about.Inputs), answer: answer,
		bytes: about.Bytes, memory: max(0, liveHeap()-before),
	}
	sl.form.sets = about.Conformal != nil
	sl.reasoner = sync.OnceValues(func() (*reasoner, error) { return newReasoner(model) })
	if lookup != nil {
		sl.form.lookup = lookup
		sl.answer, sl.dated = answer.asOf("null"), answer.asOf(`"`+lookup.asOf+`"`)
	}
	sl.metrics = s.metrics.Model(ref.Name, ref.Version, ref.Digest)
	sl.log = s.history.Model(ref.Name, ref.Version, ref.Digest, len(about.Features), about.Width)
	return sl, nil
}

// pathOf is where a registered version's file lies.
func (s *Server) pathOf(m ledger.Model) string {
	if filepath.IsAbs(m.Path) {
		return m.Path
	}
	return filepath.Join(s.folder, filepath.FromSlash(m.Path))
}

// openQuietly opens a model; a panic of its decoder is an error.
func openQuietly(ctx context.Context, open Opener, path string) (m Model, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &panicked{r, debug.Stack()}
		}
	}()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return open(path)
}

// reason is the innermost error's text, for people.
func reason(err error) string {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err.Error()
		}
		err = next
	}
}

// liveHeap is what a garbage collection, made now, finds in use, in bytes.
func liveHeap() int64 {
	runtime.GC()
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}

// inspect measures one row at a time and replays the golden rows, which must
// give their scores bit for bit. limit is what one row may take (p99, in
// milliseconds; 0 is no limit), live the slot that answers now, or nil.
func (s *Server) inspect(ctx context.Context, sl, live *slot, limit float64) (inspection, error) {
	in := inspection{golden: len(sl.about.Golden)}
	w := &work{}
	var err error
	// A busy machine makes the slowest rows look slower: one of three will do.
	for try := 0; try == 0 || try < 3 && in.p50 <= limit && in.p99 > limit; try++ {
		if in.p50, in.p99, err = sl.measure(ctx, w); err != nil {
			return in, refusedBy("deploy.errors", "the candidate fails to score its own golden rows", reason(err))
		}
	}
	if limit > 0 && in.p99 > limit {
		return in, refusedBy("deploy.latency", "the candidate is slower than allowed",
			fmt.Sprintf("p99 %.3g ms, limit %.3g ms, one row at a time", in.p99, limit))
	}
	if live != nil {
		if usual, _, err := live.measure(ctx, w); err == nil && tooSlow(in.p50, usual) {
			return in, refusedBy("deploy.latency", "the candidate is more than ten times as slow as the model that serves",
				fmt.Sprintf("p50 %.3g ms against %.3g ms, one row at a time", in.p50, usual))
		}
	}
	if in.equal, err = sl.replayGolden(ctx); err != nil {
		return in, err
	}
	if live != nil {
		var p pairs
		compare(ctx, live, sl, &p)
		if tau, yes := p.contradict(); yes {
			return in, contradiction(tau)
		}
	}
	return in, nil
}

// replayGolden scores the golden rows and counts those that give their scores
// bit for bit; fewer than all is an error.
func (s *slot) replayGolden(ctx context.Context) (equal int, err error) {
	w := &work{}
	pause := givesWay{}
	for i, g := range s.about.Golden {
		started := time.Now()
		if err := s.one(ctx, w, g); err != nil {
			return equal, refusedBy("deploy.errors", fmt.Sprintf("golden row %d cannot be scored", i+1), reason(err))
		}
		if sameBits(w.out, g.Scores) {
			equal++
		}
		pause.after(time.Since(started))
	}
	if equal < len(s.about.Golden) {
		return equal, refusedBy("deploy.golden", "the candidate does not give the scores that its file promises",
			fmt.Sprintf("%d of %d golden rows agree bit for bit", equal, len(s.about.Golden)))
	}
	return equal, nil
}

// tooSlow compares medians in milliseconds. Below a millisecond a caller
// notices nothing.
func tooSlow(candidate, live float64) bool { return candidate > 1 && candidate > 10*live }

func contradiction(tau float64) *problem.Problem {
	return refusedBy("deploy.contradiction", "the candidate orders rows the other way round than the model that serves",
		fmt.Sprintf("Kendall's tau %.2f between their scores for the same rows", tau))
}

// one scores a single golden row from its text.
func (s *slot) one(ctx context.Context, w *work, g Golden) error {
	w.body = exampleBody(w.body, g)
	s.read(w, 1)
	if len(w.batch.faults) > 0 {
		return errors.New(w.batch.faults[0].Reason)
	}
	return s.score(ctx, w)
}

func sameBits(a, b []float64) bool {
	return slices.EqualFunc(a, b, func(x, y float64) bool { return math.Float64bits(x) == math.Float64bits(y) })
}

// measure times 200 one-row requests without the network, after a warm-up; of
// a slow model as many as half a second has room for.
func (s *slot) measure(ctx context.Context, w *work) (p50, p99 float64, err error) {
	const warm, enough = 20, 200
	var times []float64
	pause := givesWay{}
	begin := time.Now()
	for i := 0; len(times) < enough && (len(times) == 0 || time.Since(begin) < time.Second/2); i++ {
		started := time.Now()
		if err := s.one(ctx, w, s.about.Golden[i%len(s.about.Golden)]); err != nil {
			return 0, 0, err
		}
		w.reply = s.answer.append(w.reply[:0], s.model, w.out, s.about.Width, "")
		took := time.Since(started)
		if i >= warm || took > 10*time.Millisecond {
			times = append(times, float64(took)/1e6)
		}
		pause.after(took)
	}
	slices.Sort(times)
	return times[len(times)/2], times[(len(times)*99+99)/100-1], nil
}

// givesWay lets requests have the processor: work that calls it after each
// piece sleeps three times as long as it works.
type givesWay struct{ owed time.Duration }

func (g *givesWay) after(took time.Duration) {
	if g.owed += took; g.owed > 100*time.Microsecond {
		time.Sleep(3 * g.owed)
		g.owed = 0
	}
}

// compare scores both models' golden rows with both models and gives the
// scores side by side. Rows that one of them cannot read are left out.
func compare(ctx context.Context, live, candidate *slot, p *pairs) {
	a, b := &work{}, &work{}
	pause := givesWay{}
	for _, g := range slices.Concat(live.about.Golden, candidate.about.Golden) {
		started := time.Now()
		if live.one(ctx, a, g) == nil && candidate.one(ctx, b, g) == nil {
			addPairs(p, live, candidate, a.out, b.out)
		}
		pause.after(time.Since(started))
	}
}

// addPairs adds the scores of equal rows: values for regression, else the
// probabilities of each class that both models know.
func addPairs(p *pairs, live, candidate *slot, a, b []float64) {
	if (live.about.Task == learn.Regression) != (candidate.about.Task == learn.Regression) {
		return
	}
	if live.about.Task == learn.Regression {
		for i := range a {
			p.add(a[i], b[i])
		}
		return
	}
	rows := min(len(a)/live.about.Width, len(b)/candidate.about.Width)
	for row := range rows {
		for k, class := range live.about.Classes {
			other := slices.Index(candidate.about.Classes, class)
			if other >= 0 && !(live.about.Task == learn.Binary && k == 0) {
				p.add(live.about.probability(a, row, k), candidate.about.probability(b, row, other))
			}
		}
	}
}

// probability is the one of a class in a row's scores.
func (a *About) probability(scores []float64, row, class int) float64 {
	if a.Task == learn.Multiclass {
		return scores[row*a.Width+class]
	}
	if class == 0 {
		return 1 - scores[row]
	}
	return scores[row]
}

// refusedBy is the problem of a candidate that no caller has met.
func refusedBy(code, what, why string) *problem.Problem {
	return &problem.Problem{
		Kind: problem.Failed, Code: code, What: what, Why: why,
		Fix: "what served before still serves; look at the evidence, mend the model, deploy again",
	}
}

// rolledBack is the problem of a candidate that was taken back.
func rolledBack(code, what string, cause error) *problem.Problem {
	p := refusedBy(code, what, "")
	if cause != nil {
		p.Cause, p.Why = cause, reason(cause)
	}
	return p
}
