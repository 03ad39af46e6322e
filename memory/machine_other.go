//go:build !linux

package memory

// available is unknown.
func available() int64 { return 0 }
