//go:build !linux

package tree

// large is make([]T, n); on Linux it asks for large pages.
func large[T uint8 | uint32 | float64 | sum](n int) []T { return make([]T, n) }
