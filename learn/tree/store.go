package tree

import "sync"

// storeBytes bounds the memory of the histograms that are kept between a
// split and those of its children. A node whose histogram was given up is
// summed again: that costs time and changes nothing else.
const storeBytes = 1 << 30

// store lends histograms. Their cells are not cleared.
type store struct {
	columns int
	most    int // histograms at most
	mutex   sync.Mutex
	idle    []histogram
	lent    int
}

func newStore(columns, workers int) store {
	each := max(columns, 1) * len(cells{}) * 8
	return store{columns: columns, most: max(storeBytes/each, 4*workers+4)}
}

// free is how many may be taken.
func (s *store) free() int { return s.most - s.lent }

func (s *store) take() histogram {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.lent++
	if n := len(s.idle); n > 0 {
		h := s.idle[n-1]
		s.idle = s.idle[:n-1]
		return h
	}
	return make(histogram, s.columns)
}

// give takes h back; nil is allowed.
func (s *store) give(h histogram) {
	if h == nil {
		return
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.lent--
	s.idle = append(s.idle, h)
}
