package modelfile_test

import (
	"bytes"
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/septet-ml/septet/modelfile"
)

// Learners that are read side by side are the same ones in the same places, and
// what is refused is refused for the same reason.
func TestLearnersAreReadSideBySide(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(8))
	for _, file := range newest(t) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m, err := modelfile.Decode(data)
		if err != nil {
			t.Fatal(err)
		}
		written := encode(t, m)
		if m, err = modelfile.Decode(written); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(encode(t, m), written) {
			t.Errorf("%s: written otherwise than it was read", file)
		}
	}
	m, _ := build(t)
	parts := unpack(t, encode(t, m))
	text := parts[2].text
	crowd := append(append([]byte("SENS\x02\x00\x01\x00\x00\x00"), text[10:18]...), "\xff\xff\x00\x00"...)
	parts[2].text = string(append(crowd, make([]byte, 12*0xffff)...)) // of learners without name and bytes
	if _, err := modelfile.Decode(pack(t, parts)); err == nil || !strings.Contains(err.Error(), "too many learners") {
		t.Errorf("65,535 learners: error %v", err)
	}
	first, second := [2]string{"linear", "cornea"}, [2]string{"boosted_trees", "roasted_trees"}
	for name, test := range map[string]struct {
		unknown [][2]string
		why     string
	}{
		"the first":  {[][2]string{first}, `learner "cornea"`},
		"the second": {[][2]string{second}, `learner "roasted_trees"`},
		"both":       {[][2]string{second, first}, `learner "cornea"`},
	} {
		parts[2].text = text
		for _, u := range test.unknown {
			parts[2].text = strings.Replace(parts[2].text, u[0], u[1], 1)
		}
		data := pack(t, parts)
		for range 20 {
			if _, err := modelfile.Decode(data); err == nil || errors.Is(err, modelfile.ErrFormat) || !strings.Contains(err.Error(), test.why) {
				t.Fatalf("%s unknown: error %v, want %s", name, err, test.why)
			}
		}
	}
}
