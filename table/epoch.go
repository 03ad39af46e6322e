package table

import (
	"strconv"
	"time"
)

// The layouts of times that are written as whole numbers since 1970 UTC. All
// others are those of Go's package time.
const (
	UnixSeconds = "unix"
	UnixMillis  = "unixmilli"
)

// ParseTime reads a time that is written by a layout.
func ParseTime(layout, text string) (time.Time, error) {
	switch layout {
	case UnixSeconds, UnixMillis:
		n, err := strconv.ParseInt(text, 10, 53)
		if err != nil {
			return time.Time{}, err
		}
		if layout == UnixMillis {
			return time.UnixMilli(n).UTC(), nil
		}
		if n > 1<<42 || n < -1<<42 {
			return time.Time{}, strconv.ErrRange // microseconds of it have no 64 bits
		}
		return time.Unix(n, 0).UTC(), nil
	}
	return time.Parse(layout, text)
}

// FormatTime writes a time by a layout.
func FormatTime(layout string, at time.Time) string {
	switch layout {
	case UnixSeconds:
		return strconv.FormatInt(at.Unix(), 10)
	case UnixMillis:
		return strconv.FormatInt(at.UnixMilli(), 10)
	}
	return at.Format(layout)
}
