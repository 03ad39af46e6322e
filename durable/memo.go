package durable

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/ledger"
)

// Memo does one unit of work once. Its key is the SHA-256 of name, version,
// the program's version and the canonical JSON of key, so key names all that
// the result depends on: settings, seed, digests of the data. The result
// is noted before Memo returns: a process that is killed and started again
// finds it. What is lost with the machine is done again. Where two workers do the same unit, both get the result of
// the first.
func (d *Desk) Memo(ctx context.Context, name string, version int, key any, work func(context.Context) ([]byte, error)) ([]byte, error) {
	digest, err := handoff.Digest(map[string]any{
		"memo": name, "version": version, "program": d.run.program, "key": key,
	})
	if err != nil {
		return nil, fmt.Errorf("key of %s: %w", name, err)
	}
	if data, err := d.recall(ctx, digest); err == nil || !errors.Is(err, ledger.ErrNotFound) {
		return data, err
	}
	began := d.run.now()
	data, err := work(ctx)
	if err != nil {
		return nil, err
	}
	d.run.worked.add(name, d.run.now().Sub(began))
	ref, err := d.Artifacts.Cache(ctx, name, "application/octet-stream", func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
	if err != nil {
		return nil, err
	}
	kept, err := d.Ledger.Remember(ctx, digest, ref)
	if err != nil {
		return nil, fmt.Errorf("note %s: %w", name, err)
	}
	if kept.SHA256 == ref.SHA256 {
		return data, nil
	}
	d.Log.Warn("equal work gave another result; the first stands", "memo", name)
	return d.Artifacts.Read(kept)
}

// Worked is how long the units of one name took that were really done. Those
// that were recalled do not count, nor do those of earlier processes of the run.
type Worked struct{ Longest, Total time.Duration }

// Worked gives the times of the units of a name, whichever agent did them.
// They are for keeping to a budget, never for a result.
func (d *Desk) Worked(name string) Worked {
	d.run.worked.Lock()
	defer d.run.worked.Unlock()
	return d.run.worked.of[name]
}

// times are those of all units of a run.
type times struct {
	sync.Mutex
	of map[string]Worked // by the units' name
}

func (t *times) add(name string, took time.Duration) {
	t.Lock()
	defer t.Unlock()
	if t.of == nil {
		t.of = map[string]Worked{}
	}
	w := t.of[name]
	t.of[name] = Worked{Longest: max(w.Longest, took), Total: w.Total + took}
}

// recall gives a unit's noted result. One whose content is gone or damaged is
// forgotten: the unit is then done again.
func (d *Desk) recall(ctx context.Context, key string) ([]byte, error) {
	ref, err := d.Ledger.Memo(ctx, key)
	if err != nil {
		return nil, err
	}
	data, err := d.Artifacts.Read(ref)
	if err == nil {
		return data, nil
	}
	d.Log.Warn("a noted result is not what its digest says; doing it again", "memo", ref.Kind)
	if err := errors.Join(d.Artifacts.Discard(ref), d.Ledger.Forget(ctx, key)); err != nil {
		return nil, err
	}
	return nil, ledger.ErrNotFound
}
