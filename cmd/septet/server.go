package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"

	"github.com/septet-ml/septet/serve"
	"github.com/septet-ml/septet/web"
)

// pageLink is the link of a page of the workspace's server; "" where none runs.
func pageLink(workspace, path string) (string, error) {
	info, running, err := serve.Find(workspace)
	if err != nil || !running || info.Addr == "" {
		return "", err
	}
	token, err := web.Token(workspace)
	if err != nil {
		return "", err
	}
	return web.Link(info.Addr, path, token), nil
}

// checkServer tells whether a server runs on the workspace, and if not whether
// the port that it would take is free.
func checkServer(workspace string) check {
	info, running, err := serve.Find(workspace)
	if err != nil {
		return failed("server", "septet stop, then septet serve", "state cannot be read: %v", err)
	}
	if running {
		link, err := pageLink(workspace, "/")
		if err != nil {
			return failed("server", "give the account that runs the server the right to read its token", "runs at %s, but %v", info.URL(), err)
		}
		return ok("server", "runs, process %d; dashboard: %s", info.PID, link)
	}
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(serve.DefaultPort))
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return warned("server", "nothing: run and serve take the next free port; or give serve an --addr", "none runs, and %s is taken by another program", addr)
	}
	l.Close()
	return ok("server", "none runs; %s is free", addr)
}

// startServer gives the server of a workspace. Where none runs, one is started
// that outlives this command.
func startServer(ctx context.Context, workspace string) (*serve.Client, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("start the server: %w", err)
	}
	c, _, err := serve.EnsureRunning(ctx, workspace, exe, "serve", "--workspace", workspace)
	return c, err
}
