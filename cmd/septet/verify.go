package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/terminal"
)

// verified is the answer of septet verify: everything that does not hold.
type verified struct {
	Format string          `json:"format"` // septet.verification/1
	Events int             `json:"events"` // links of the audit chain that were replayed
	Files  int             `json:"files"`  // model files and artifacts whose digest was computed
	Faults []handoff.Fault `json:"faults"`
	Code   int             `json:"exit_code"` // 1 if there is a fault
}

func (v verified) ExitCode() int { return v.Code }

func (v verified) Text(w io.Writer, s terminal.Style) {
	for _, f := range v.Faults {
		fmt.Fprintf(w, "  %s %s: %s\n", s.Check("failed"), f.Pointer, f.Reason)
	}
	if len(v.Faults) == 0 {
		fmt.Fprintf(w, "  %s %d events of the audit chain and %d files are as they were written\n", s.Check("ok"), v.Events, v.Files)
		return
	}
	fmt.Fprintf(w, "  %d faults in %d events and %d files. Put the workspace back from a copy.\n", len(v.Faults), v.Events, v.Files)
}

func (a *app) verifyCommand() *cobra.Command {
	return a.command(&cobra.Command{
		Use: "verify", Short: "Check that the ledger, its files and the models are as they were written", GroupID: "know", Args: exactly(),
	}, func(ctx context.Context, _ []string) (answer, error) {
		w, err := a.openExisting(ctx)
		if err != nil {
			return nil, err
		}
		defer w.Close()
		return w.verify(ctx)
	})
}

// verify holds the ledger against its audit chain, and every file that it
// names against its digest.
func (w *workspace) verify(ctx context.Context) (verified, error) {
	v := verified{Format: "septet.verification/1", Faults: []handoff.Fault{}}
	faults, err := w.ledger.Verify(ctx)
	if err != nil {
		return v, err
	}
	v.Faults = append(v.Faults, faults...)
	events, err := w.ledger.Events(ctx, 0, 0)
	if err != nil {
		return v, err
	}
	v.Events = len(events)
	refs, err := w.refs(ctx)
	if err != nil {
		return v, err
	}
	for _, digest := range slices.Sorted(maps.Keys(refs)) {
		v.Files++
		if err := w.artifacts.Verify(refs[digest]); err != nil {
			v.fault("/artifacts/"+digest, err)
		}
	}
	models, err := w.ledger.Models(ctx, "")
	if err != nil {
		return v, err
	}
	for _, m := range models {
		v.Files++
		if err := digestIs(filepath.Join(w.dir, m.Path), m.Digest); err != nil {
			v.fault(fmt.Sprintf("/models/%s/%d", m.Name, m.Version), err)
		}
	}
	if len(v.Faults) > 0 {
		v.Code = 1
	}
	return v, ctx.Err()
}

func (v *verified) fault(pointer string, err error) {
	v.Faults = append(v.Faults, handoff.Fault{Pointer: pointer, Reason: err.Error(), Fix: "put the file back from a copy, or run again"})
}

// digestIs reads the file and holds it against "sha256:" and 64 hex digits.
func digestIs(path, digest string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return err
	}
	if got := "sha256:" + hex.EncodeToString(h.Sum(nil)); got != digest {
		return fmt.Errorf("the file's digest is %s, the registry has %s", got, digest)
	}
	return nil
}

// refs are the files that the handoffs of all runs name, by digest.
func (w *workspace) refs(ctx context.Context) (map[string]handoff.Ref, error) {
	runs, err := w.ledger.ListRuns(ctx, 0)
	if err != nil {
		return nil, err
	}
	refs := map[string]handoff.Ref{}
	for _, r := range runs {
		envelopes, err := w.ledger.Handoffs(ctx, r.ID)
		if err != nil {
			return nil, err
		}
		for _, e := range envelopes {
			var output any
			if err := json.Unmarshal(e.Output, &output); err != nil {
				return nil, fmt.Errorf("read a handoff of %s: %w", r.ID, err)
			}
			collectRefs(output, refs)
		}
	}
	return refs, nil
}

// collectRefs finds every reference in a JSON document.
func collectRefs(v any, refs map[string]handoff.Ref) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			collectRefs(item, refs)
		}
	case map[string]any:
		digest, isDigest := v["sha256"].(string)
		kind, isKind := v["kind"].(string)
		bytes, isSize := v["bytes"].(float64)
		if _, isFile := v["media_type"]; isDigest && isKind && isSize && isFile {
			refs[digest] = handoff.Ref{Kind: kind, SHA256: digest, Bytes: int64(bytes)}
		}
		for _, item := range v {
			collectRefs(item, refs)
		}
	}
}
