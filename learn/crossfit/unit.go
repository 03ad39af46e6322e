package crossfit

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/septet-ml/septet/learn"
)

// unit is the result of one fit.
type unit struct {
	encoded []byte    // the model
	oof     []float64 // predictions of the fold's rows, ascending
	model   learn.Model
}

// encodeUnit is the length of the model, the model, and the predictions, all
// little-endian.
func encodeUnit(model []byte, oof []float64) []byte {
	out := make([]byte, 0, 8+len(model)+8*len(oof))
	out = binary.LittleEndian.AppendUint64(out, uint64(len(model)))
	out = append(out, model...)
	for _, v := range oof {
		out = binary.LittleEndian.AppendUint64(out, math.Float64bits(v))
	}
	return out
}

func decodeUnit(data []byte) (unit, error) {
	if len(data) < 8 {
		return unit{}, fmt.Errorf("read fit: %d bytes are too few", len(data))
	}
	size := binary.LittleEndian.Uint64(data)
	data = data[8:]
	if size > uint64(len(data)) || (len(data)-int(size))%8 != 0 {
		return unit{}, fmt.Errorf("read fit: a model of %d bytes in %d", size, len(data))
	}
	u := unit{encoded: data[:size], oof: make([]float64, (len(data)-int(size))/8)}
	for i := range u.oof {
		u.oof[i] = math.Float64frombits(binary.LittleEndian.Uint64(data[int(size)+8*i:]))
	}
	return u, nil
}
