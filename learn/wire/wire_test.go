package wire_test

import (
	"errors"
	"testing"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/wire"
)

func TestReader(t *testing.T) {
	data := wire.AppendTask(nil, learn.Regression)
	data = append(data, 7, 1, 2, 0, 0, 0, 0, 192, 63, 2, 0, 0, 0, 'a', 'b', 0, 0, 0, 0, 0, 0, 4, 192)
	r := wire.NewReader(data)
	if task, b, u, f, n := r.Task(), r.Byte(), r.Uint32(), r.Float32(), r.Count(5); task != learn.Regression || b != 7 || u != 513 || f != 1.5 || n != 2 {
		t.Errorf("task %s, byte %d, number %d, float %v, count %d", task, b, u, f, n)
	}
	if s, f := string(r.Take(2)), r.Float64(); s != "ab" || f != -2.5 {
		t.Errorf("text %q, float %v", s, f)
	}
	if r.Left() != 0 || r.Err() != nil {
		t.Errorf("%d bytes left, error %v", r.Left(), r.Err())
	}
}

func TestUvarint(t *testing.T) {
	r := wire.NewReader([]byte{5, 172, 2, 2, 'a', 'b', 'c'})
	if a, b, n := r.Uvarint(5), r.Uvarint(1<<20), r.UvarintCount(10, 1); a != 5 || b != 300 || n != 2 || r.Left() != 3 || r.Err() != nil {
		t.Errorf("%d, %d and a count of %d, %d bytes left, error %v", a, b, n, r.Left(), r.Err())
	}
	failed := errors.New("of its own")
	r.Fail(failed)
	r.Fail(wire.ErrRange)
	if r.Byte() != 0 || r.Uvarint(300) != 0 || !errors.Is(r.Err(), failed) {
		t.Errorf("after a failure: error %v", r.Err())
	}
}

// What is not there is zeros and an error, and stays so.
func TestReaderAtTheEnd(t *testing.T) {
	for name, test := range map[string]struct {
		data []byte
		read func(*wire.Reader) bool // tells whether it was zero
		want error
	}{
		"byte":              {nil, func(r *wire.Reader) bool { return r.Byte() == 0 }, wire.ErrShort},
		"number":            {[]byte{1, 1, 1}, func(r *wire.Reader) bool { return r.Uint32() == 0 }, wire.ErrShort},
		"float":             {[]byte{1, 1, 1, 1, 1, 1, 1}, func(r *wire.Reader) bool { return r.Float64() == 0 }, wire.ErrShort},
		"bytes":             {[]byte{1, 1}, func(r *wire.Reader) bool { return r.Take(1<<63) == nil }, wire.ErrShort},
		"count":             {[]byte{3, 0, 0, 0, 1, 1, 1, 1, 1}, func(r *wire.Reader) bool { return r.Count(2) == 0 }, wire.ErrShort},
		"count of too many": {[]byte{255, 255, 255, 255, 1}, func(r *wire.Reader) bool { return r.Count(1<<30) == 0 }, wire.ErrShort},
		"varint":            {nil, func(r *wire.Reader) bool { return r.Uvarint(9) == 0 }, wire.ErrShort},
		"varint cut":        {[]byte{200}, func(r *wire.Reader) bool { return r.Uvarint(1<<40) == 0 }, wire.ErrShort},
		"varint too large":  {[]byte{10}, func(r *wire.Reader) bool { return r.Uvarint(9) == 0 }, wire.ErrRange},
		"varint overflow":   {[]byte{255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1}, func(r *wire.Reader) bool { return r.Uvarint(1<<63) == 0 }, wire.ErrRange},
		"varint count":      {[]byte{3, 1, 1, 1, 1, 1}, func(r *wire.Reader) bool { return r.UvarintCount(100, 2) == 0 }, wire.ErrShort},
		"task":              {[]byte{3}, func(r *wire.Reader) bool { r.Task(); return true }, wire.ErrRange},
	} {
		r := wire.NewReader(test.data)
		if !test.read(r) {
			t.Errorf("%s: not zero", name)
		}
		if r.Byte() != 0 || r.Uint64() != 0 || r.Count(0) != 0 {
			t.Errorf("%s: more is read behind the end", name)
		}
		if !errors.Is(r.Err(), test.want) {
			t.Errorf("%s: error %v, want %v", name, r.Err(), test.want)
		}
	}
}

func TestReadJSON(t *testing.T) {
	for text, want := range map[string]error{
		`{"a": 1}`:           nil,
		` {"a": 1} ` + "\n":  nil,
		`{"a": 1, "b": 2}`:   learn.ErrUnknown,
		`{"a": "b"}`:         errSome,
		`{"a": 1`:            errSome,
		`{"a": 1} {"a": 2}`:  errSome,
		`{"a": 1}]`:          errSome,
		``:                   errSome,
		`{"c": {"d": true}}`: learn.ErrUnknown,
	} {
		var v struct {
			A int
			C struct{}
		}
		err := wire.ReadJSON([]byte(text), &v)
		if (err != nil) != (want != nil) || errors.Is(err, learn.ErrUnknown) != (want == learn.ErrUnknown) {
			t.Errorf("%s: error %v, want %v", text, err, want)
		}
	}
}

var errSome = errors.New("any error but learn.ErrUnknown")
