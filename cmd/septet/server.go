package main

import (
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"syscall"
)

// defaultAddr is where serve listens unless told otherwise.
const defaultAddr = "127.0.0.1:7310"

// server is what server.json says of the workspace's server. Only a held
// server.lock proves that it runs.
type server struct {
	PID  int    `json:"pid"`
	Addr string `json:"addr"`
}

// running is the workspace's server, if one holds the lock.
func running(workspace string) (server, bool, error) {
	var s server
	f, err := os.OpenFile(filepath.Join(workspace, "server.lock"), os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) {
		return s, false, nil
	}
	if err != nil {
		return s, false, err
	}
	defer f.Close()
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return s, false, nil // nobody holds it; closing the file lets go of it again
	}
	if !errors.Is(err, syscall.EWOULDBLOCK) {
		return s, false, err
	}
	text, err := os.ReadFile(filepath.Join(workspace, "server.json"))
	if err != nil {
		return s, true, err
	}
	return s, true, json.Unmarshal(text, &s)
}

// checkServer tells whether a server runs on the workspace, and if not whether
// the port that it would take is free.
func checkServer(workspace string) check {
	s, held, err := running(workspace)
	if err != nil {
		return failed("server", "septet stop, then septet serve", "state cannot be read: %v", err)
	}
	if held {
		return ok("server", "runs at http://%s, process %d", s.Addr, s.PID)
	}
	l, err := net.Listen("tcp", defaultAddr)
	if err != nil {
		return warned("server", "nothing: run and serve take the next free port; or give serve an --addr", "none runs, and %s is taken by another program", defaultAddr)
	}
	l.Close()
	return ok("server", "none runs; %s is free", defaultAddr)
}
