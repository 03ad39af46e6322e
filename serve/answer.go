package serve

import (
	"encoding/json"
	"math"
	"strconv"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/calibrate"
)

// answer writes the predictions of one slot:
//
//	{"predictions": [{"prediction", "probability", "probabilities"}, ...],
//	 "model": {"name", "version", "digest"}, "slot", "request_id"}
//
// A model of event features has "as_of" before "model": the date of the
// features that were looked up, or null where all rows brought their own.
//
// Where a request asks for them, an interval or set is behind each prediction,
// and its reasons ("base", "reasons", "rest").
//
// Class names and the model's part are made once, when the slot is.
type answer struct {
	task    learn.Task
	classes [][]byte // JSON texts by class index
	keys    [][]byte // of probabilities: `"no":`
	tail    []byte   // from the end of the predictions to the request id's text

	conformal *calibrate.Conformal // makes intervals or sets; nil where none are asked for
	why       *reasons             // nil where none are asked for
}

// modelRef names the model that answered.
type modelRef struct {
	Name    string `json:"name"`
	Version int    `json:"version"`
	Digest  string `json:"digest"`
}

func newAnswer(about *About, ref modelRef, slot string) (*answer, error) {
	a := &answer{task: about.Task}
	for _, class := range about.Classes {
		text, err := json.Marshal(class)
		if err != nil {
			return nil, err
		}
		a.classes = append(a.classes, text)
		a.keys = append(a.keys, append(text[:len(text):len(text)], ':'))
	}
	model, err := json.Marshal(ref)
	if err != nil {
		return nil, err
	}
	a.tail = append(a.tail, `],"model":`...)
	a.tail = append(a.tail, model...)
	a.tail = append(a.tail, `,"slot":"`+slot+`","request_id":"`...)
	return a, nil
}

// asOf is the answer with a date (JSON: a string or null) behind the
// predictions.
func (a *answer) asOf(date string) *answer {
	dated := *a
	dated.tail = append([]byte(`],"as_of":`+date+","), a.tail[len("],"):]...)
	return &dated
}

// append writes the answer to a request: scores has width values per row.
func (a *answer) append(b []byte, m Model, scores []float64, width int, requestID string) []byte {
	b = append(b, `{"predictions":[`...)
	for i := 0; i < len(scores); i += width {
		if i > 0 {
			b = append(b, ',')
		}
		b = a.row(b, m, scores[i:i+width], i/width)
	}
	b = append(b, a.tail...)
	b = append(b, requestID...)
	return append(b, "\"}\n"...)
}

func (a *answer) row(b []byte, m Model, scores []float64, row int) []byte {
	b = append(b, `{"prediction":`...)
	switch a.task {
	case learn.Binary:
		b = append(b, a.classes[m.Class(scores)]...)
		b = append(b, `,"probability":`...)
		b = appendFloat(b, scores[0])
		b = append(b, `,"probabilities":{`...)
		b = append(b, a.keys[0]...)
		b = appendFloat(b, 1-scores[0])
		b = append(b, ',')
		b = append(b, a.keys[1]...)
		b = appendFloat(b, scores[0])
		b = append(b, '}')
	case learn.Multiclass:
		b = append(b, a.classes[m.Class(scores)]...)
		b = append(b, `,"probability":null,"probabilities":{`...)
		for k, p := range scores {
			if k > 0 {
				b = append(b, ',')
			}
			b = append(b, a.keys[k]...)
			b = appendFloat(b, p)
		}
		b = append(b, '}')
	default:
		b = appendFloat(b, scores[0])
		b = append(b, `,"probability":null,"probabilities":null`...)
	}
	return append(a.why.append(a.appendSet(b, scores), row), '}')
}

// appendFloat writes a finite double in its shortest form that reads back as
// the same bits.
func appendFloat(b []byte, v float64) []byte {
	if abs := math.Abs(v); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		return strconv.AppendFloat(b, v, 'e', -1, 64)
	}
	return strconv.AppendFloat(b, v, 'f', -1, 64)
}
