package memory

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// available is how many bytes the machine has left, or the control group if
// that has less; 0 where it cannot be read. Sources: proc_meminfo(5); the
// kernel's cgroup-v2 documentation, memory interface files.
func available() int64 {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	left := meminfo(string(text))
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return left
	}
	for dir := group(string(own)); dir != ""; dir = above(dir) {
		limit := number(filepath.Join("/sys/fs/cgroup", dir, "memory.max"))
		if limit <= 0 {
			continue
		}
		if rest := limit - number(filepath.Join("/sys/fs/cgroup", dir, "memory.current")); left == 0 || rest < left {
			left = max(rest, limit/10)
		}
	}
	return left
}

// meminfo is MemAvailable in bytes.
func meminfo(text string) int64 {
	for line := range strings.Lines(text) {
		if rest, found := strings.CutPrefix(line, "MemAvailable:"); found {
			kb, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			return kb << 10
		}
	}
	return 0
}

// group is the folder of a process in the hierarchy of version 2, such as
// "/user.slice"; "" without one.
func group(text string) string {
	for line := range strings.Lines(text) {
		if path, found := strings.CutPrefix(line, "0::"); found {
			return strings.TrimSpace(path)
		}
	}
	return ""
}

// above is the folder above; "" above the root.
func above(dir string) string {
	if dir == "/" || dir == "." {
		return ""
	}
	return filepath.Dir(dir)
}

// number is what a file says; 0 for "max" and for a file that is not there.
func number(path string) int64 {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	n, _ := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	return n
}
