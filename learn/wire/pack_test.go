package wire_test

import (
	"bytes"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/septet-ml/septet/learn/wire"
)

// Data is the same after packing and unpacking, packed the same every time, and
// small where it repeats itself; another program's bytes of it are read, too.
func TestPack(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 300_000)
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	other, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		data []byte
		most int
	}{
		"nothing":    {nil, 20},
		"a byte":     {[]byte{7}, 20},
		"repetition": {bytes.Repeat([]byte("a tree like the one before "), 20_000), 600},
		"noise":      {noise, len(noise) + 50},
	} {
		packed := wire.Pack(test.data)
		if !bytes.Equal(packed, wire.Pack(test.data)) || len(packed) > test.most {
			t.Errorf("%s: packed into %d bytes, at most %d and the same ones again are wanted", name, len(packed), test.most)
		}
		for _, packed := range [][]byte{packed, other.EncodeAll(test.data, nil)} {
			if got, err := wire.Unpack(packed, len(test.data)); err != nil || !bytes.Equal(got, test.data) {
				t.Errorf("%s: %d bytes of %d are unpacked, error %v", name, len(got), len(test.data), err)
			}
		}
	}
}

// What does not unpack to the size that is said is an error; no more memory is
// taken than for that size.
func TestUnpackRefuses(t *testing.T) {
	packed := wire.Pack(bytes.Repeat([]byte{1, 2, 3}, 10<<20))
	for name, test := range map[string]struct {
		packed []byte
		size   int
	}{
		"fewer":         {packed, 30<<20 - 1},
		"hardly any":    {packed, 100},
		"more":          {packed, 30<<20 + 1},
		"no bytes":      {nil, 1},
		"other bytes":   {[]byte("not packed at all"), 17},
		"cut":           {packed[:len(packed)-1], 30 << 20},
		"more than one": {append(bytes.Clone(packed), packed...), 30 << 20},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if got, err := wire.Unpack(test.packed, test.size); err == nil {
			t.Errorf("%s: %d bytes, want an error", name, len(got))
		}
		runtime.ReadMemStats(&after)
		if took := int64(after.TotalAlloc - before.TotalAlloc); took > int64(test.size)+4<<20 {
			t.Errorf("%s: %d bytes of memory for %d", name, took, test.size)
		}
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add(wire.Pack([]byte("some")), 4)
	f.Add(wire.Pack(bytes.Repeat([]byte{1}, 1000)), 1000)
	f.Fuzz(func(t *testing.T, packed []byte, size int) {
		if size < 0 || size > 1<<20 {
			return
		}
		if data, err := wire.Unpack(packed, size); err == nil && len(data) != size {
			t.Errorf("%d bytes, want %d", len(data), size)
		}
	})
}
