package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"
	"time"

	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/serve/servetest"
)

// spread prints the median of ratios with the smallest and the largest.
func spread(ratios []float64) string {
	slices.Sort(ratios)
	return fmt.Sprintf("%.2f (%.2f to %.2f)", ratios[len(ratios)/2], ratios[0], ratios[len(ratios)-1])
}

func latency(ctx context.Context, out io.Writer, s *server, p plan) error {
	nothing, err := start(ctx, "-child", "nothing")
	if err != nil {
		return err
	}
	defer nothing.end()
	request, err := s.request(s.addr)
	if err != nil {
		return err
	}
	addrs := [2]string{s.addr, nothing.addr}
	if _, err := inTurns(ctx, addrs, request, 1, p.requests/4); err != nil { // warms both up
		return err
	}
	var p50, p99, rate []float64
	for turn := range p.turns {
		one, err := inTurns(ctx, addrs, request, 1, p.requests)
		if err != nil {
			return err
		}
		eight, err := inTurns(ctx, addrs, request, 8, p.requests/4)
		if err != nil {
			return err
		}
		p50 = append(p50, float64(one[0].quantile(0.5))/float64(one[1].quantile(0.5)))
		p99 = append(p99, float64(one[0].quantile(0.99))/float64(one[1].quantile(0.99)))
		rate = append(rate, eight[0].perSecond()/eight[1].perSecond())
		fmt.Fprintf(out, "  turn %d: p50 %v against %v, p99 %v against %v, %.0f/s against %.0f/s\n", turn+1,
			one[0].quantile(0.5), one[1].quantile(0.5), one[0].quantile(0.99), one[1].quantile(0.99), eight[0].perSecond(), eight[1].perSecond())
	}
	fmt.Fprintf(out, "latency: one row (500 trees of 31 leaves, 19 columns) against a handler that does nothing: p50 × %s, p99 × %s, throughput × %s\n",
		spread(p50), spread(p99), spread(rate))
	return nil
}

// inTurns drives two addresses in twenty short turns each, one after the
// other, so that what else the machine does falls on both.
func inTurns(ctx context.Context, addrs [2]string, request []byte, clients, requests int) (out [2]*figures, err error) {
	const parts = 20
	for part := range 2 * parts {
		i := part % 2
		f, err := drive(ctx, addrs[i], request, clients, requests/parts, nil)
		if err != nil {
			return out, err
		}
		if f.failed > 0 {
			return out, f.first
		}
		if out[i] == nil {
			out[i] = &figures{}
		}
		out[i].times = append(out[i].times, f.times...)
		out[i].duration += f.duration
	}
	slices.Sort(out[0].times)
	slices.Sort(out[1].times)
	return out, nil
}

// switches changes the model again and again. After a switch has returned, a
// request that begins then must be answered by that model.
func switches(ctx context.Context, out io.Writer, s *server, p plan, first ledger.Model) error {
	second, err := s.register(ctx, servetest.Recipe{Numbers: 16, Trees: 500, Rows: 3000, Seed: 1})
	if err != nil {
		return err
	}
	request, err := s.request(s.addr)
	if err != nil {
		return err
	}
	type promise struct {
		digest []byte
		since  time.Time
	}
	var promised atomic.Pointer[promise]
	var misversioned atomic.Int64
	check := func(c *caller, began time.Time) error {
		// A switch that has begun meanwhile takes the promise away first.
		if now := promised.Load(); now != nil && began.After(now.since) && !bytes.Contains(c.body, now.digest) {
			if promised.Load() == now {
				misversioned.Add(1)
				return errors.New("answered by another model than the promised one")
			}
		}
		return nil
	}
	loaded, stop := context.WithCancel(ctx)
	defer stop()
	type result struct {
		*figures
		error
	}
	done := make(chan result, 1)
	go func() {
		f, err := drive(loaded, s.addr, request, 8, 0, check)
		done <- result{f, err}
	}()
	var times []time.Duration
	for i := range p.switches {
		m := []ledger.Model{second, first}[i%2]
		promised.Store(nil)
		began := time.Now()
		if err := s.deploy(ctx, m, 0); err != nil {
			return err
		}
		times = append(times, time.Since(began))
		promised.Store(&promise{[]byte(m.Digest), time.Now()})
		time.Sleep(20 * time.Millisecond)
	}
	stop()
	r := <-done
	if r.error != nil {
		return r.error
	}
	slices.Sort(times)
	fmt.Fprintf(out, "switches: %d blue-green under 8 clients at %.0f requests/s: %d of %d failed, %d mis-versioned; a switch takes %v (median), %v (longest); p99 of the requests %v\n",
		p.switches, r.perSecond(), r.failed, len(r.times)+r.failed, misversioned.Load(), times[len(times)/2], times[len(times)-1], r.quantile(0.99))
	return r.first
}

// loading compares the p99 of a steady caller while a big model is loaded and
// checked with that of a quiet time before.
func loading(ctx context.Context, out io.Writer, s *server, p plan) error {
	request, err := s.request(s.addr)
	if err != nil {
		return err
	}
	var ratios []float64
	var size int64
	for turn := range p.turns {
		big, err := s.register(ctx, servetest.Recipe{Numbers: 16, Trees: 6000, Rows: 3000, Seed: uint64(10 + turn%2)})
		if err != nil {
			return err
		}
		size = big.Bytes
		quiet, err := drive(ctx, s.addr, request, 1, p.requests, nil)
		if err != nil {
			return err
		}
		while, stop := context.WithCancel(ctx)
		deployed := make(chan error, 1)
		go func() {
			deployed <- s.deploy(ctx, big, 0)
			stop()
		}()
		busy, err := drive(while, s.addr, request, 1, 0, nil)
		if err := errors.Join(err, <-deployed); err != nil {
			return err
		}
		// Back to the small one: the big one would change what is compared.
		if err := s.deploy(ctx, ledger.Model{Version: 1}, 0); err != nil {
			return err
		}
		if busy.failed+quiet.failed > 0 {
			return errors.Join(busy.first, quiet.first)
		}
		ratios = append(ratios, float64(busy.quantile(0.99))/float64(quiet.quantile(0.99)))
		fmt.Fprintf(out, "  turn %d: p99 %v quiet, %v during %v of loading (%d requests)\n", turn+1, quiet.quantile(0.99), busy.quantile(0.99), busy.duration, len(busy.times))
	}
	fmt.Fprintf(out, "loading: p99 while a model file of %.1f MB is loaded and checked × %s\n", float64(size)/1e6, spread(ratios))
	return nil
}

// overload compares the answers a second of three times as many callers with
// those of enough callers to saturate the server.
func overload(ctx context.Context, out io.Writer, s *server, p plan) error {
	request, err := s.request(s.addr)
	if err != nil {
		return err
	}
	const enough = 32
	var ratios []float64
	refused, slowest := 0, time.Duration(0)
	for range p.turns {
		peak, err := drive(ctx, s.addr, request, enough, p.requests/8, nil)
		if err != nil {
			return err
		}
		over, err := drive(ctx, s.addr, request, 3*enough, p.requests/24, nil)
		if err != nil {
			return err
		}
		if over.failed+peak.failed > 0 {
			return errors.Join(over.first, peak.first)
		}
		ratios = append(ratios, over.perSecond()/peak.perSecond())
		refused += over.refused
		slowest = max(slowest, over.slowest)
	}
	fmt.Fprintf(out, "overload: %d callers instead of %d answer × %s of the peak; %d refused with 429, the slowest after %v\n", 3*enough, enough, spread(ratios), refused, slowest)
	return nil
}
