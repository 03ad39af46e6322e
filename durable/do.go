package durable

import (
	"context"

	"github.com/septet-ml/septet/handoff"
)

// Do takes one step of the run. It checks what goes in, re-uses a finished
// result or works, checks what comes out, holds the findings against the
// gates, and records the envelope. After the first error, and after the last
// step that was asked for, it does nothing and gives the zero output.
func Do[I any, O handoff.Payload](ctx context.Context, r *Run, s Step[I, O], in I) O {
	var none O
	if r.err != nil || r.done {
		r.skip(ctx, s.Agent)
		return none
	}
	out, err := r.take(ctx, erase(s, in))
	if err != nil {
		r.cut = cancelled(ctx, err)
		r.Fail(err)
		return none
	}
	return out.(O)
}

// job is a step and its input without their types.
type job struct {
	agent   handoff.Agent
	version int
	effect  bool
	gates   []string
	policy  Policy
	reads   func(handoff.Settings) any
	input   any
	zero    handoff.Payload // an empty output: it names the schema

	work   func(context.Context, *Desk) (handoff.Payload, error)
	encode func(handoff.Payload) (handoff.Payload, []byte, error)
	decode func([]byte) (handoff.Payload, error)
	keep   func(context.Context, *Desk, handoff.Payload) error
	holds  func(context.Context, *Desk, handoff.Payload) bool
}

func erase[I any, O handoff.Payload](s Step[I, O], in I) job {
	var zero O
	j := job{
		agent: s.Agent, version: s.Version, effect: s.Effect, gates: s.Gates, policy: s.Policy,
		reads: s.Reads, input: in, zero: zero,
		work: func(ctx context.Context, d *Desk) (handoff.Payload, error) { return s.Work(ctx, d, in) },
		encode: func(p handoff.Payload) (handoff.Payload, []byte, error) {
			out, data, err := handoff.Encode(p.(O))
			return out, data, err
		},
		decode: func(data []byte) (handoff.Payload, error) {
			out, err := handoff.Decode[O](data)
			return out, err
		},
		keep:  func(context.Context, *Desk, handoff.Payload) error { return nil },
		holds: func(context.Context, *Desk, handoff.Payload) bool { return true },
	}
	if j.reads == nil {
		j.reads = func(handoff.Settings) any { return nil }
	}
	if s.Keep != nil {
		j.keep = func(ctx context.Context, d *Desk, p handoff.Payload) error { return s.Keep(ctx, d, p.(O)) }
	}
	if s.Holds != nil {
		j.holds = func(ctx context.Context, d *Desk, p handoff.Payload) bool { return s.Holds(ctx, d, p.(O)) }
	}
	return j
}
