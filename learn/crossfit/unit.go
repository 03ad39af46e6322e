package crossfit

import (
	"encoding/binary"
	"fmt"
	"math"
	"sync"

	"github.com/septet-ml/septet/learn"
)

// unit is the result of one fit.
type unit struct {
	encoded []byte // the model
	oof     []byte // predictions of the fold's rows, ascending, as they are stored
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
	return unit{encoded: data[:size], oof: data[size:]}, nil
}

// partialBag is a bag that is being filled, fold by fold: of a unit it keeps the
// model, and the predictions at their rows.
type partialBag struct {
	mu  sync.Mutex
	bag Bag
}

// put adds the unit of fold k of folds, which predicts the rows valid of rows.
func (b *partialBag) put(k, folds, rows int, u unit, valid []int32) {
	width := u.model.Width()
	b.mu.Lock()
	if b.bag.Models == nil {
		b.bag.Models, b.bag.OOF = make([]learn.Model, folds), make([]float64, rows*width)
	}
	b.bag.Models[k] = u.model
	b.bag.Bytes += int64(len(u.encoded))
	b.mu.Unlock()
	at := u.oof
	for _, row := range valid {
		for c := range width {
			b.bag.OOF[int(row)*width+c] = math.Float64frombits(binary.LittleEndian.Uint64(at))
			at = at[8:]
		}
	}
}
