package tree

import (
	"syscall"
	"unsafe"
)

// large is make([]T, n), on pages of 2 MiB where the system has them: arrays
// that are read in random order then miss the page tables less often. T holds
// no pointers. The memory is the garbage collector's as usual.
func large[T uint8 | uint32 | float64 | sum](n int) []T {
	const page = 2 << 20
	out := make([]T, n)
	bytes := n * int(unsafe.Sizeof(*new(T)))
	if bytes < 2*page {
		return out
	}
	all := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(out))), bytes)
	skip := -uintptr(unsafe.Pointer(unsafe.SliceData(out))) & (page - 1)
	// Advice only: where it is refused the memory is as good, but slower.
	_ = syscall.Madvise(all[skip:bytes-(bytes-int(skip))%page], syscall.MADV_HUGEPAGE)
	return out
}
