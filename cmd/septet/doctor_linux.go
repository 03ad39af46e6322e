package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// networkFilesystems are those on which SQLite's locks do not hold, by the
// magic number that statfs(2) gives.
var networkFilesystems = map[int64]string{
	0x6969: "NFS", 0xff534d42: "CIFS", 0xfe534d42: "SMB2", 0x517b: "SMB",
	0x5346414f: "AFS", 0x73757245: "Coda", 0x564c: "NCP", 0x00c36400: "Ceph",
	0x0bd00bd0: "Lustre", 0x01161970: "GFS2", 0x7461636f: "OCFS2",
}

// checkFolder writes into the workspace, or where it would be made, and looks
// at the filesystem under it.
func checkFolder(workspace string) []check {
	dir := workspace
	for {
		if info, err := os.Stat(dir); err == nil {
			if !info.IsDir() {
				return []check{failed("workspace", "give another --workspace", "%s is a file", dir)}
			}
			break
		}
		dir = filepath.Dir(dir)
	}
	checks := []check{checkWritable(workspace, dir)}
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return append(checks, failed("filesystem", "give a --workspace on a local disk", "%v", err))
	}
	if name, found := networkFilesystems[int64(fs.Type)&0xffffffff]; found {
		checks = append(checks, failed("filesystem", "give a --workspace on a local disk", "%s is on %s, where the ledger's locks do not hold", dir, name))
	} else {
		checks = append(checks, ok("filesystem", "local"))
	}
	free := float64(fs.Bavail) * float64(fs.Bsize) / 1e9
	if free < 1 {
		return append(checks, warned("disk", "free some space, or give a --workspace elsewhere", "%.1f GB free; a run of a million rows wants about 1 GB", free))
	}
	return append(checks, ok("disk", "%.1f GB free", free))
}

func checkWritable(workspace, dir string) check {
	f, err := os.CreateTemp(dir, ".septet-doctor-*")
	if err != nil {
		return failed("workspace", "give a --workspace that you may write to", "cannot write to %s: %v", dir, cause(err))
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString("written by septet doctor\n")
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return failed("workspace", "free some space, or give a --workspace elsewhere", "cannot write to %s: %v", dir, cause(err))
	}
	if dir != workspace {
		return ok("workspace", "%s is not there yet and can be made", workspace)
	}
	return ok("workspace", "%s can be written", workspace)
}

// cause is the system's reason without the path that was tried.
func cause(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// checkMemory reads what the machine, and a limit of the control group, leave.
func checkMemory() check {
	available, err := memAvailable()
	if err != nil {
		return warned("memory", "nothing, if runs work", "unknown: %v", err)
	}
	if limit, err := os.ReadFile("/sys/fs/cgroup/memory.max"); err == nil {
		if n, err := strconv.ParseInt(strings.TrimSpace(string(limit)), 10, 64); err == nil {
			available = min(available, n)
		}
	}
	gb := float64(available) / 1e9
	if gb < 1 {
		return warned("memory", "close other programs, or give run a --memory limit", "%.1f GB available; a run wants about 1 GB", gb)
	}
	return ok("memory", "%.1f GB available", gb)
}

// memAvailable is MemAvailable of proc(5), in bytes.
func memAvailable() (int64, error) {
	f, err := os.Open("/proc/meminfo")
	if err != nil {
		return 0, err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, found := strings.CutPrefix(lines.Text(), "MemAvailable:"); found {
			kb, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kb * 1024, err
		}
	}
	return 0, fmt.Errorf("/proc/meminfo has no MemAvailable")
}

// checkClock holds the clock against the program's own file, which cannot
// have been made in the future.
func checkClock(now time.Time) check {
	info, err := os.Stat("/proc/self/exe")
	if err == nil && info.ModTime().After(now.Add(time.Hour)) {
		return failed("clock", "set the clock", "it says %s, and this program was made at %s", now.UTC().Format(time.RFC3339), info.ModTime().UTC().Format(time.RFC3339))
	}
	return ok("clock", "%s", now.UTC().Format(time.RFC3339))
}

// checkData opens every file that a run with --data path would read.
func checkData(path string) check {
	files, bytes := 0, int64(0)
	err := filepath.WalkDir(path, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		n, err := f.Read(make([]byte, 512))
		if err != nil && n == 0 {
			return fmt.Errorf("read %s: %w", name, err)
		}
		info, err := f.Stat()
		if err != nil {
			return err
		}
		files, bytes = files+1, bytes+info.Size()
		return nil
	})
	switch {
	case err != nil:
		return failed("data", "give a file or folder that you may read, with something in it", "%v", err)
	case files == 0:
		return failed("data", "put tables there (.csv, .csv.gz, .parquet)", "%s has no files", path)
	}
	return ok("data", "%s: %d files, %.1f MB, all can be read", path, files, float64(bytes)/1e6)
}
