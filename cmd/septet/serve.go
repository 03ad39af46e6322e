package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os/user"
	"time"

	"github.com/spf13/cobra"

	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/serve"
	"github.com/septet-ml/septet/terminal"
	"github.com/septet-ml/septet/web"
)

// stopped is the answer of serve, when it ended, and of stop.
type stopped struct {
	Format string `json:"format"` // septet.server/1
	Status string `json:"status"` // stopped
	PID    int    `json:"pid"`
	Addr   string `json:"addr"`
}

func (t stopped) Text(w io.Writer, s terminal.Style) {
	fmt.Fprintf(w, "  %s the server at %s has stopped\n", s.Check("ok"), t.Addr)
}

func (a *app) serveCommand() *cobra.Command {
	var addr, tokenFile string
	var hosts []string
	c := a.command(&cobra.Command{
		Use: "serve", Short: "Answer prediction requests and show the dashboard, until stopped", GroupID: "serve", Args: exactly(),
		Long: `Serves the models that are deployed in the workspace, and its dashboard. A run
that deploys starts it by itself; it then stays up until septet stop.

It listens on this machine only, unless a token file is given.`,
	}, func(ctx context.Context, _ []string) (answer, error) {
		w, err := a.open(ctx)
		if err != nil {
			return nil, err
		}
		defer w.Close()
		log := slog.New(slog.NewTextHandler(a.stderr, nil))
		token, err := web.Token(w.dir)
		if err != nil {
			return nil, err
		}
		site, err := web.New(web.Options{Workspace: w.dir, Ledger: w.ledger, Token: token, Log: log})
		if err != nil {
			return nil, err
		}
		end := stopped{Format: "septet.server/1", Status: "stopped"}
		err = serve.Run(ctx, serve.Config{
			Workspace: w.dir, Addr: addr, TokenFile: tokenFile, Hosts: hosts, Registry: w.ledger, Site: site, Log: log,
			Listening: func(info serve.Info) {
				end.PID, end.Addr = info.PID, info.Addr
				page := "septet doctor prints its link" // a log is no place for the token
				if terminal.IsTerminal(a.stderr) {
					page = web.Link(info.Addr, "/", token)
				}
				fmt.Fprintf(a.stderr, "predictions  %s/v1/models\ndashboard    %s\nstop with    septet stop\n", info.URL(), page)
			},
		})
		return end, err
	})
	c.Flags().StringVar(&addr, "addr", "", "`host:port` to listen on; default: 127.0.0.1 and the first free port from 7310")
	c.Flags().StringVar(&tokenFile, "token-file", "", "`file` with the token that callers need; without it only this machine is served")
	c.Flags().StringArrayVar(&hosts, "host", nil, "`name` that callers may use for this server, beside localhost; may be repeated")
	return c
}

func (a *app) stopCommand() *cobra.Command {
	return a.command(&cobra.Command{
		Use: "stop", Short: "End the workspace's server", GroupID: "serve", Args: exactly(),
	}, func(ctx context.Context, _ []string) (answer, error) {
		dir, err := a.folder()
		if err != nil {
			return nil, err
		}
		c, err := serve.Dial(dir)
		if err != nil {
			return nil, err
		}
		if err := c.Stop(ctx, dir); err != nil {
			return nil, err
		}
		return stopped{"septet.server/1", "stopped", c.Info.PID, c.Info.Addr}, nil
	})
}

// deployed is the answer of deploy, promote and rollback.
type deployed struct{ serve.Deployment }

func (d deployed) Text(w io.Writer, s terminal.Style) {
	fmt.Fprintf(w, "  %s %s version %d is %s", s.Check(map[bool]string{true: "ok", false: "failed"}[d.Error == nil]), d.Model.Name, d.Model.Version, d.Status)
	if d.Status == "serving" {
		fmt.Fprintf(w, " at %s, slot %s", d.URL, d.Slot)
	}
	fmt.Fprintln(w)
	if e := d.Evidence; e != nil {
		replayed := ""
		if e.Synthetic {
			replayed = "replayed "
		}
		fmt.Fprintf(w, "    %d of %d golden rows equal bit for bit; %d %srequests, %d errors, p99 %.2f ms\n", e.GoldenEqual, e.GoldenRows, e.Requests, replayed, e.Errors, e.P99MS)
	}
}

func (d deployed) ExitCode() int {
	if d.Error != nil {
		return ledger.NotDeployed.ExitCode()
	}
	return 0
}

func (a *app) deployCommand() *cobra.Command {
	var strategy string
	var bake time.Duration
	c := a.command(&cobra.Command{
		Use: "deploy MODEL", Short: "Let a model of the registry answer requests", GroupID: "serve", Args: exactly("MODEL"),
		Long: `Loads the model's file beside what serves now, replays its golden rows bit for
bit, measures it, and lets it take over. When the command returned with 0, every
request that starts then is answered by that model. When it did not pass, what
served before still serves (exit 5).`,
	}, func(ctx context.Context, args []string) (answer, error) {
		if err := oneOf("--strategy", strategy, "", strategies()...); err != nil {
			return nil, err
		}
		return a.change(ctx, args[0], func(c *serve.Client, o serve.Order) (serve.Deployment, error) {
			o.Strategy, o.Bake = strategy, bake
			return c.Deploy(ctx, o)
		})
	})
	c.Flags().StringVar(&strategy, "strategy", "", "how it takes over: blue-green, canary, shadow or direct; default: blue-green")
	c.Flags().DurationVar(&bake, "bake", 5*time.Second, "how `long` it is watched before it is trusted")
	return c
}

func (a *app) promoteCommand() *cobra.Command {
	var to string
	var bake time.Duration
	c := a.command(&cobra.Command{
		Use: "promote MODEL --to STAGE", Short: "Move a model to another stage of its life", GroupID: "serve", Args: exactly("MODEL"),
		Long: "Stages: development, staging, shadow, production, archived. Production is a deployment;\nstaging loads the file and replays its golden rows; shadow gives it copies of the requests.",
	}, func(ctx context.Context, args []string) (answer, error) {
		var names []string
		for _, s := range serve.Stages() {
			names = append(names, string(s))
		}
		if err := oneOf("--to", to, "", names...); err != nil {
			return nil, err
		}
		if to == "" {
			return nil, usage("usage.arguments", "septet promote", "septet promote needs --to", "septet promote MODEL --to STAGE")
		}
		return a.change(ctx, args[0], func(c *serve.Client, o serve.Order) (serve.Deployment, error) {
			o.Bake = bake
			return c.Promote(ctx, o, ledger.Stage(to))
		})
	})
	c.Flags().StringVar(&to, "to", "", "`stage` to move it to")
	c.Flags().DurationVar(&bake, "bake", 5*time.Second, "how `long` it is watched before it is trusted")
	return c
}

// change gives an order about a registered model to the workspace's server,
// which is started where none runs.
func (a *app) change(ctx context.Context, model string, give func(*serve.Client, serve.Order) (serve.Deployment, error)) (answer, error) {
	w, err := a.openExisting(ctx)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	m, err := w.registered(ctx, model)
	if err != nil {
		return nil, err
	}
	c, err := startServer(ctx, w.dir)
	if err != nil {
		return nil, err
	}
	d, err := give(c, serve.Order{Name: m.Name, Version: m.Version, By: account()})
	return a.deployment(d, err)
}

// deployment is the answer to an order. One that was carried out, but refused
// or rolled back the model, is an answer, not an error.
func (a *app) deployment(d serve.Deployment, err error) (answer, error) {
	if err != nil && d.ID == "" {
		return nil, err
	}
	if d.Error != nil {
		terminal.Problem(a.stderr, terminal.StyleFor(a.stderr), d.Error)
	}
	return deployed{d}, nil
}

// account is who gives the order.
func account() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "unknown"
}

func (a *app) rollbackCommand() *cobra.Command {
	return a.command(&cobra.Command{
		Use: "rollback NAME", Short: "Go back to the model that answered before", GroupID: "serve", Args: exactly("NAME"),
	}, func(ctx context.Context, args []string) (answer, error) {
		dir, err := a.folder()
		if err != nil {
			return nil, err
		}
		c, err := serve.Dial(dir)
		if err != nil {
			return nil, err
		}
		d, err := c.Rollback(ctx, args[0])
		return a.deployment(d, err)
	})
}

// deployments is the answer of septet deployments: the history, newest first.
type deployments struct {
	Format      string              `json:"format"` // septet.deployments/1
	Deployments []ledger.Deployment `json:"deployments"`
}

func (d deployments) Text(w io.Writer, s terminal.Style) {
	if len(d.Deployments) == 0 {
		fmt.Fprintln(w, "  Nothing was deployed yet: septet deploy MODEL")
	}
	for _, e := range d.Deployments {
		fmt.Fprintf(w, "  %s  %-11s %s version %d  %s  %s  %s\n", e.At.Local().Format("2006-01-02 15:04:05"), e.Status, e.Name, e.Version, e.Strategy, e.Slot, e.URL)
	}
}

func (a *app) deploymentsCommand() *cobra.Command {
	return a.command(&cobra.Command{
		Use: "deployments [NAME]", Short: "What served where, newest first", GroupID: "serve", Args: between(0, "NAME"),
	}, func(ctx context.Context, args []string) (answer, error) {
		w, err := a.openExisting(ctx)
		if err != nil {
			return nil, err
		}
		defer w.Close()
		name := ""
		if len(args) > 0 {
			name = args[0]
		}
		all, err := w.ledger.Deployments(ctx, name)
		return deployments{"septet.deployments/1", append([]ledger.Deployment{}, all...)}, err
	})
}
