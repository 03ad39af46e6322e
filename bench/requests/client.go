package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"
)

// caller is a client with one connection, which it keeps and never opens again.
type caller struct {
	conn    net.Conn
	in      *bufio.Reader
	request []byte
	body    []byte
}

func newCaller(addr string, request []byte) (*caller, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &caller{conn: conn, in: bufio.NewReader(conn), request: request}, nil
}

// call sends the request and reads the answer, whose body lies in c.body.
func (c *caller) call() (status int, err error) {
	if _, err := c.conn.Write(c.request); err != nil {
		return 0, err
	}
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	if len(line) < 12 {
		return 0, errors.New("no status line")
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, err
	}
	length := -1
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			break
		}
		if value, is := bytes.CutPrefix(line, []byte("Content-Length: ")); is {
			if length, err = strconv.Atoi(string(value)); err != nil {
				return 0, err
			}
		}
	}
	if length < 0 {
		return 0, errors.New("no Content-Length")
	}
	c.body = slices.Grow(c.body[:0], length)[:length]
	_, err = io.ReadFull(c.in, c.body)
	return status, err
}

// figures are what callers saw.
type figures struct {
	times    []time.Duration // of the 200 answers, ascending
	refused  int             // 429
	slowest  time.Duration   // of those
	failed   int
	first    error // of the failed
	duration time.Duration
}

func (f *figures) quantile(q float64) time.Duration {
	if len(f.times) == 0 {
		return 0
	}
	return f.times[min(len(f.times)-1, int(q*float64(len(f.times))))]
}

// perSecond is the rate of the 200 answers.
func (f *figures) perSecond() float64 { return float64(len(f.times)) / f.duration.Seconds() }

// drive lets n callers ask until each has done so many requests, or ctx ends
// where requests is 0. check, if not nil, looks at each answer.
func drive(ctx context.Context, addr string, request []byte, n, requests int, check func(c *caller, began time.Time) error) (*figures, error) {
	var wait sync.WaitGroup
	parts := make([]figures, n)
	began := time.Now()
	for i := range n {
		c, err := newCaller(addr, request)
		if err != nil {
			return nil, err
		}
		wait.Go(func() {
			defer c.conn.Close()
			f := &parts[i]
			for k := 0; (requests == 0 || k < requests) && ctx.Err() == nil; k++ {
				began := time.Now()
				status, err := c.call()
				took := time.Since(began)
				switch {
				case err == nil && status == 429:
					f.refused++
					f.slowest = max(f.slowest, took)
					continue
				case err == nil && status != 200:
					err = fmt.Errorf("status %d: %s", status, c.body)
				case err == nil && check != nil:
					err = check(c, began)
				}
				if err != nil {
					f.failed++
					f.first = errors.Join(f.first, err)
					if status == 0 {
						return // the connection is gone
					}
					continue
				}
				f.times = append(f.times, took)
			}
		})
	}
	wait.Wait()
	all := &figures{duration: time.Since(began)}
	for i := range parts {
		all.times = append(all.times, parts[i].times...)
		all.refused += parts[i].refused
		all.slowest = max(all.slowest, parts[i].slowest)
		all.failed += parts[i].failed
		if all.first == nil {
			all.first = parts[i].first
		}
	}
	slices.Sort(all.times)
	return all, nil
}
