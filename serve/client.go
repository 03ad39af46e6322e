package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/problem"
)

// Client gives orders to the server of a workspace, through its socket.
type Client struct {
	Info Info
	http *http.Client
}

// Dial finds the server that runs on the workspace; none is a Problem.
func Dial(workspace string) (*Client, error) {
	info, running, err := Find(workspace)
	if err != nil {
		return nil, err
	}
	if !running {
		return nil, notRunning(workspace)
	}
	path := filepath.Join(workspace, socketFile)
	if target, err := os.Readlink(path); err == nil {
		path = target
	}
	return &Client{Info: info, http: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", path)
		},
		DisableKeepAlives: true,
	}}}, nil
}

func notRunning(workspace string) error {
	return &problem.Problem{
		Kind: problem.Failed, Code: "serve.not_running", Where: workspace,
		What: "no server runs on this workspace", Fix: "septet serve",
	}
}

// Deploy rolls a registered version out and waits for the outcome; see
// Server.Deploy.
func (c *Client) Deploy(ctx context.Context, o Order) (Deployment, error) {
	return c.change(ctx, "/deploy", o)
}

// Rollback goes back to what answered before; see Server.Rollback.
func (c *Client) Rollback(ctx context.Context, name string) (Deployment, error) {
	return c.change(ctx, "/rollback", naming{name})
}

// Promote moves a registered version to a stage; see Server.Promote.
func (c *Client) Promote(ctx context.Context, o Order, to ledger.Stage) (Deployment, error) {
	return c.change(ctx, "/promote", promotion{o, to})
}

// Status tells what answers.
func (c *Client) Status(ctx context.Context) (Status, error) {
	var s Status
	err := c.call(ctx, http.MethodGet, "/status", nil, &s)
	return s, err
}

// Flush waits until every prediction that was answered before is in the
// prediction log, on the disk.
func (c *Client) Flush(ctx context.Context) error {
	return c.call(ctx, http.MethodPost, "/flush", nil, &struct{}{})
}

// Ask asks for a row's prediction at the name's public address, as a caller
// would. It needs no token, and is logged as synthetic.
func (c *Client) Ask(ctx context.Context, name string, row json.RawMessage) (*Reply, error) {
	var p pass
	if err := c.call(ctx, http.MethodGet, "/pass", nil, &p); err != nil {
		return nil, err
	}
	return Predict(ctx, http.DefaultClient, c.Info.selfURL()+modelsPath+"/"+name+":predict",
		http.Header{syntheticHeader: {p.Replay}}, exampleBody(nil, Golden{Row: row}))
}

// Metrics gives the lines of /metrics that begin with prefix.
func (c *Client) Metrics(ctx context.Context, prefix string) ([]string, error) {
	var p pass
	if err := c.call(ctx, http.MethodGet, "/pass", nil, &p); err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.Info.selfURL()+"/metrics", nil)
	if err != nil {
		return nil, fmt.Errorf("read metrics: %w", err)
	}
	r.Header.Set(syntheticHeader, p.Replay)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, fmt.Errorf("read metrics: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, 16<<20))
	if err := errors.Join(err, answer.Body.Close()); err != nil || answer.StatusCode != http.StatusOK {
		return nil, errors.Join(fmt.Errorf("read metrics: answer %s", answer.Status), err)
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, prefix) {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines, nil
}

// Stop ends the server and waits until it has let go of the workspace.
func (c *Client) Stop(ctx context.Context, workspace string) error {
	if err := c.call(ctx, http.MethodPost, "/stop", nil, &struct{}{}); err != nil {
		// A server that is being killed still holds its lock for a moment.
		for range 50 {
			if _, running, found := Find(workspace); found == nil && !running {
				return notRunning(workspace)
			}
			if !sleep(ctx, 20*time.Millisecond) {
				break
			}
		}
		return err
	}
	for {
		if _, running, err := Find(workspace); err != nil || !running {
			return err
		}
		if !sleep(ctx, 20*time.Millisecond) {
			return fmt.Errorf("stop server: %w", ctx.Err())
		}
	}
}

func (c *Client) change(ctx context.Context, path string, order any) (Deployment, error) {
	var out outcome
	if err := c.call(ctx, http.MethodPost, path, order, &out); err != nil {
		return Deployment{}, err
	}
	if out.Problem != nil {
		out.Problem.Kind = out.Kind
		return *out.Deployment, out.Problem
	}
	return *out.Deployment, nil
}

// call posts in as JSON and reads the answer into out.
func (c *Client) call(ctx context.Context, method, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("order %s: %w", path, err)
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://admin"+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("order %s: %w", path, err)
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return &problem.Problem{
			Kind: problem.Failed, Code: "serve.unreachable", Where: socketFile, Cause: err,
			What: "the server did not answer", Why: reason(err), Fix: "look at server.log in the workspace",
		}
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, 16<<20))
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		return fmt.Errorf("order %s: %w", path, err)
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("order %s: %s: %s", path, answer.Status, bytes.TrimSpace(text))
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("order %s: answer: %w", path, err)
	}
	return nil
}
