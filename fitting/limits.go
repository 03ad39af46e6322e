package fitting

import (
	"compress/flate"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/portfolio"
	"github.com/septet-ml/septet/learn/wire"
)

// Cost is what models add to a file and to the answer for a row.
type Cost struct {
	Bytes int64         // compressed, as in the file; 0 where no limit asks for it
	Row   time.Duration // counted (portfolio.Price), never measured
}

// Add is both together.
func (c Cost) Add(o Cost) Cost { return Cost{c.Bytes + o.Bytes, c.Row + o.Row} }

// Limits are what a scope allows of a model: the size of its file, and the
// time of one row's answer.
type Limits struct {
	bytes, overhead int64 // of the file; what is in it beside the learners. bytes is 0 for no limit
	row, handling   time.Duration
}

// furnishing is room in a file for its card, its made-up rows and what tells
// of the parts, in bytes.
const furnishing = 24 << 10

// Limits are those of the bench's scope.
func (b *Bench) Limits(s handoff.Scope) (Limits, error) {
	l := Limits{
		bytes: s.Constraints.ModelBytes, handling: portfolio.Handling(len(b.File.Inputs.Columns)),
		row: time.Duration(min(s.Constraints.LatencyMS*1e6, math.MaxInt64/2)),
	}
	if l.bytes == 0 {
		return l, nil
	}
	transform, err := json.Marshal(b.Transform)
	if err != nil {
		return l, fmt.Errorf("size of the transformation: %w", err)
	}
	l.overhead, err = deflated(transform)
	l.overhead += furnishing
	return l, err
}

// Cost is what models cost.
func (l Limits) Cost(models []learn.Model) (Cost, error) {
	c := Cost{Row: portfolio.Price(models)}
	if l.bytes == 0 {
		return c, nil
	}
	for _, m := range models {
		data, err := m.MarshalBinary()
		if err != nil {
			return c, fmt.Errorf("size of %s: %w", m.Name(), err)
		}
		c.Bytes += int64(len(wire.Pack(data)))
	}
	return c, nil
}

// RowMS is the counted time of an answer, in milliseconds.
func (l Limits) RowMS(c Cost) float64 { return float64(l.handling+c.Row) / 1e6 }

// Used is the part of the tighter limit that a cost takes; above 1 it breaks
// it. 0 where there is no limit.
func (l Limits) Used(c Cost) float64 {
	used := 0.0
	if l.bytes > 0 {
		used = float64(l.overhead+c.Bytes) / float64(l.bytes)
	}
	if l.row > 0 {
		used = max(used, float64(l.handling+c.Row)/float64(l.row))
	}
	return used
}

// Broken says which limits a cost breaks; "" for none.
func (l Limits) Broken(c Cost) string {
	why := ""
	if size := l.overhead + c.Bytes; l.bytes > 0 && size > l.bytes {
		why = fmt.Sprintf("a file of about %d bytes, the limit is %d", size, l.bytes)
	}
	if l.row > 0 && l.handling+c.Row > l.row {
		if why != "" {
			why += "; "
		}
		why += fmt.Sprintf("a row counts as %.3g ms, the limit is %.3g ms", l.RowMS(c), float64(l.row)/1e6)
	}
	return why
}

// deflated is the size of a text as a file holds it.
func deflated(data []byte) (int64, error) {
	var n counter
	w, err := flate.NewWriter(&n, flate.DefaultCompression)
	if err == nil {
		_, err = w.Write(data)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return 0, fmt.Errorf("compress: %w", err)
	}
	return int64(n), nil
}

// counter counts what is written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
