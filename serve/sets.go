package serve

import "github.com/septet-ml/septet/learn"

// readSets reads whether a request asks for intervals or sets of classes.
func (f *form) readSets(s *scanner, b *batch) {
	switch s.next() {
	case 't':
		s.word("true")
		b.sets = true
		if !f.sets {
			b.fault("/intervals", "cannot be given: the model has none", "leave it out, or train the model again on more rows")
		}
	case 'f':
		s.word("false")
	default:
		b.fault("/intervals", "is not true or false", "give true, or leave it out")
		s.skip(1)
	}
}

// appendSet writes the interval ("low", "high") or the set of classes ("set")
// of one row's scores; nothing where none are asked for.
func (a *answer) appendSet(b []byte, scores []float64) []byte {
	switch {
	case a.conformal == nil:
		return b
	case a.task == learn.Regression:
		low, high := a.conformal.Interval(scores[0])
		b = appendFloat(append(b, `,"low":`...), low)
		return appendFloat(append(b, `,"high":`...), high)
	}
	b = append(b, `,"set":[`...)
	for i, k := range a.conformal.Set(scores) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, a.classes[k]...)
	}
	return append(b, ']')
}
