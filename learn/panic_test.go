package learn_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/septet-ml/septet/learn"
)

// caught is what f panics with.
func caught(f func()) (p *learn.Panic) {
	defer func() { p = learn.Caught(recover()) }()
	f()
	return nil
}

// nothing has no third entry.
var nothing []int

func third() int { return nothing[2] }

// A panic of a block comes to the caller with its value and its place, from any
// goroutine and through blocks within blocks; no goroutine is left.
func TestPanicOfABlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // which ends when all goroutines have
		fault := errors.New("a fault")
		for threads := 1; threads <= 4; threads++ {
			for name, test := range map[string]struct {
				work  func(lo, hi int)
				value string
				where string
			}{
				"an error":     {func(int, int) { panic(fault) }, "a fault", "learn_test.TestPanicOfABlock.func"},
				"an index":     {func(int, int) { third() }, "runtime error: index out of range [2] with length 0", "learn_test.third (panic_test.go:"},
				"deep within":  {func(int, int) { learn.Blocks(t.Context(), 9, 2, 3, func(int, int) { third() }) }, "runtime error: index out of range [2] with length 0", "learn_test.third (panic_test.go:"},
				"at the end":   {func(_, hi int) { panicAt(hi, 100) }, "at 100", "learn_test.panicAt (panic_test.go:"},
				"in every one": {func(_, hi int) { panicAt(hi, hi) }, "at ", "learn_test.panicAt (panic_test.go:"},
			} {
				p := caught(func() { learn.Blocks(t.Context(), 100, 10, threads, test.work) })
				if p == nil {
					t.Fatalf("%s, %d threads: no panic", name, threads)
				}
				if text := p.Error(); !strings.HasPrefix(text, test.value) || !strings.HasPrefix(p.Where, test.where) || !strings.HasSuffix(text, p.Where) {
					t.Errorf("%s, %d threads: %q, want %s in %s", name, threads, text, test.value, test.where)
				}
				if test.value[:3] == "run" && !strings.Contains(p.Stack(), "learn_test.third") {
					t.Errorf("%s, %d threads: the stack is\n%s", name, threads, p.Stack())
				}
				if name == "an error" && p.Value != fault {
					t.Errorf("%d threads: the value became %v", threads, p.Value)
				}
			}
		}
	})
}

func panicAt(hi, at int) {
	if hi == at {
		panic(fmt.Sprintf("at %d", at))
	}
}

func TestNoPanic(t *testing.T) {
	if p := caught(func() {}); p != nil {
		t.Errorf("caught %v", p)
	}
}
