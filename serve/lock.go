package serve

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Files of a server in its workspace. Only a held lock proves that a server
// runs: the other two may be left over from one that was killed.
const (
	lockFile   = "server.lock"
	infoFile   = "server.json"
	socketFile = "admin.sock"
)

// Info is what server.json says.
type Info struct {
	PID  int    `json:"pid"`
	Addr string `json:"addr"` // host:port
}

// URL is where the server answers.
func (i Info) URL() string { return "http://" + i.Addr }

// selfURL is how a process of the same machine reaches it.
func (i Info) selfURL() string {
	host, port, err := net.SplitHostPort(i.Addr)
	if ip := net.ParseIP(host); err == nil && ip != nil && ip.IsUnspecified() {
		return "http://" + net.JoinHostPort("127.0.0.1", port)
	}
	return i.URL()
}

// errHeld is the error of a lock that another process holds.
var errHeld = errors.New("another process holds the lock")

// acquire takes the lock. Somebody who only looks (Find) holds it for a
// moment, so a held lock is tried again for a while.
func acquire(workspace string) (release func() error, err error) {
	f, err := os.OpenFile(filepath.Join(workspace, lockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open server lock: %w", err)
	}
	for try := 0; ; try++ {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EWOULDBLOCK) || try == 20 {
			break
		}
		time.Sleep(25 * time.Millisecond)
	}
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, errors.Join(errHeld, f.Close())
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", lockFile, err), f.Close())
	}
	return f.Close, nil
}

// Find tells whether a server runs on the workspace, and where. A running
// server that has not yet said where it listens has the zero Info.
func Find(workspace string) (info Info, running bool, err error) {
	f, err := os.Open(filepath.Join(workspace, lockFile))
	if errors.Is(err, fs.ErrNotExist) {
		return Info{}, false, nil
	}
	if err != nil {
		return Info{}, false, fmt.Errorf("look for a server: %w", err)
	}
	defer f.Close()
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
	if err == nil {
		return Info{}, false, nil // closing the file lets go
	}
	if !errors.Is(err, syscall.EWOULDBLOCK) {
		return Info{}, false, fmt.Errorf("look for a server: %w", err)
	}
	text, err := os.ReadFile(filepath.Join(workspace, infoFile))
	if errors.Is(err, fs.ErrNotExist) {
		return Info{}, true, nil
	}
	if err != nil {
		return Info{}, true, fmt.Errorf("look for a server: %w", err)
	}
	if err := json.Unmarshal(text, &info); err != nil {
		return Info{}, true, fmt.Errorf("read %s: %w", infoFile, err)
	}
	return info, true, nil
}

// announce writes server.json in one step.
func announce(workspace string, info Info) error {
	text, err := json.Marshal(info)
	if err != nil {
		return fmt.Errorf("write %s: %w", infoFile, err)
	}
	path := filepath.Join(workspace, infoFile)
	if err := os.WriteFile(path+".new", append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("write %s: %w", infoFile, err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("write %s: %w", infoFile, err)
	}
	return nil
}
