package memory

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// available is how many bytes the machine has left for this process, those that
// it has already counted, or the control group if that has less; 0 where it
// cannot be read. Sources: proc_meminfo(5); the kernel's cgroup-v2
// documentation, memory interface files.
func available() int64 {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	resident := resident()
	left := field(string(text), "MemAvailable:")<<10 + resident
	own, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return left
	}
	for dir := group(string(own)); dir != ""; dir = above(dir) {
		limit := number(filepath.Join("/sys/fs/cgroup", dir, "memory.max"))
		if limit <= 0 {
			continue
		}
		used := number(filepath.Join("/sys/fs/cgroup", dir, "memory.current"))
		if text, err := os.ReadFile(filepath.Join("/sys/fs/cgroup", dir, "memory.stat")); err == nil {
			used -= field(string(text), "inactive_file") // what the kernel takes back first
		}
		left = min(left, min(max(limit-used, 0)+resident, limit))
	}
	return left
}

// resident is how many bytes this process has. Source: proc_pid_statm(5).
func resident() int64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	figures := strings.Fields(string(text))
	if len(figures) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(figures[1], 10, 64)
	return pages * int64(os.Getpagesize())
}

// field is the figure behind a name at the beginning of a line; 0 without it.
func field(text, name string) int64 {
	for line := range strings.Lines(text) {
		if words := strings.Fields(line); len(words) > 1 && words[0] == name {
			n, _ := strconv.ParseInt(words[1], 10, 64)
			return n
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
