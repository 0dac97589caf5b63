package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/crierhq/crier/apps/internal/freeport"
	"github.com/crierhq/crier/client"
)

// database is where a measurement keeps its data.
type database struct {
	name string
	dsn  string // empty: a SQLite file in the data folder
}

// server is the real server as a process.
type server struct {
	cmd     *exec.Cmd
	base    string
	api     *client.Client
	started time.Duration
}

// clockTick is the unit of CPU time in /proc, on every Linux that Go runs on.
const clockTick = 10 * time.Millisecond

// httpClient asks for answers as they are: compressing them would cost more than
// making them, and is for those who are far away.
var httpClient = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}}

func start(ctx context.Context, binary, dir, url string) (*server, error) {
	port, err := freeport.Find(ctx)
	if err != nil {
		return nil, err
	}
	s := &server{base: "http://127.0.0.1:" + strconv.Itoa(port)}
	s.api, err = client.New(client.Config{BaseURL: s.base, HTTP: httpClient})
	if err != nil {
		return nil, err
	}
	s.cmd = exec.Command(binary) //nolint:noctx // stopped by stop
	s.cmd.Env = append(os.Environ(), "DATA_DIR="+dir, "DATABASE_URL="+url, "BIND_ADDRESS=127.0.0.1",
		"PORT="+strconv.Itoa(port), "LOG_LEVEL=error", "REGISTRATION=open",
		"RATE_LIMIT_ADDRESS=0", "RATE_LIMIT_SIGN_IN=0", "RATE_LIMIT_USER=0", "RATE_LIMIT_KEY=0", "RATE_LIMIT_COSTLY=0", "RATE_LIMIT_ORGANIZATION=0")
	s.cmd.Stderr = os.Stderr
	begin := time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	for time.Since(begin) < 30*time.Second {
		if _, err := s.api.Readyz(ctx); err == nil {
			s.started = time.Since(begin)
			return s, nil
		}
		time.Sleep(time.Millisecond) //nolint:forbidigo // a measurement
	}
	return nil, errors.Join(errors.New("the server does not get ready"), s.stop())
}

func (s *server) stop() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return s.cmd.Wait()
}

// cpu is the CPU time that the process has used.
func (s *server) cpu() (time.Duration, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(raw[bytes.LastIndexByte(raw, ')')+1:]))
	user, err1 := strconv.Atoi(fields[11])
	sys, err2 := strconv.Atoi(fields[12])
	return time.Duration(user+sys) * clockTick, errors.Join(err1, err2)
}

// resident is the memory that the process holds, in bytes.
func (s *server) resident() (int, error) { return residentOf(strconv.Itoa(s.cmd.Process.Pid)) }

// resident is the memory that this process holds, or zero if it is not known.
func resident() int {
	n, _ := residentOf("self")
	return n
}

func residentOf(process string) (int, error) {
	raw, err := os.ReadFile("/proc/" + process + "/statm")
	if err != nil {
		return 0, err
	}
	pages, err := strconv.Atoi(strings.Fields(string(raw))[1])
	return pages * os.Getpagesize(), err
}

// signUp makes an account with feed channels.
func (s *server) signUp(ctx context.Context, channels int) (*client.Client, []string, error) {
	who, err := s.api.Register(ctx, client.Register{Email: rand.Text() + "@example.org", Password: rand.Text()})
	if err != nil {
		return nil, nil, err
	}
	c := s.api.As(client.NewRenewer(s.api, *who))
	ids := make([]string, channels)
	for i := range ids {
		conn, err := c.ConnectIntegration(ctx, client.ConnectRequest{
			Provider: "feed", Fields: map[string]any{"title": "Feed " + strconv.Itoa(i)},
		})
		if err != nil {
			return nil, nil, err
		}
		ids[i] = conn.Integration.ID
	}
	return c, ids, nil
}

func schedule(ctx context.Context, c *client.Client, channel string, at time.Time) error {
	_, err := c.CreatePost(ctx, client.PostInput{
		Content: "A post of a common length, as people write them, with a link to https://example.org/something.",
		Type:    client.PostInputTypeSchedule, ScheduledAt: at.Format(time.RFC3339), Integrations: []client.TargetInput{{ID: channel}},
	})
	return err
}

// coldStart measures the time from the start of the process, on data that is
// there already, until it is ready.
func coldStart(ctx context.Context, binary, dir string, db database) ([]row, error) {
	data, url, drop, err := fresh(ctx, dir, db)
	if err != nil {
		return nil, err
	}
	defer drop()
	var took []time.Duration
	for i := range rounds + 1 {
		s, err := start(ctx, binary, data, url)
		if err != nil {
			return nil, err
		}
		if err := s.stop(); err != nil {
			return nil, err
		}
		if i > 0 { // the first makes the database
			took = append(took, s.started)
		}
	}
	return []row{{"Cold start until ready", db.name, median(took).Round(time.Millisecond).String(), "≤ 200 ms"}}, nil
}

// idleFor is how long an idle server is watched.
const idleFor = 30 * time.Second

// idle measures a server with 10 channels and 1,000 posts in the future.
func idle(ctx context.Context, binary, dir string, db database) ([]row, error) {
	data, url, drop, err := fresh(ctx, dir, db)
	if err != nil {
		return nil, err
	}
	defer drop()
	s, err := start(ctx, binary, data, url)
	if err != nil {
		return nil, err
	}
	c, channels, err := s.signUp(ctx, 10)
	if err == nil {
		err = load(16, 1000, func(i int) error {
			return schedule(ctx, c, channels[i%10], time.Now().Add(24*time.Hour+time.Duration(i)*time.Minute))
		})
	}
	if err != nil {
		return nil, errors.Join(err, s.stop())
	}
	busy, err := s.resident()
	if err != nil {
		return nil, err
	}
	if err := s.stop(); err != nil {
		return nil, err
	}
	// A server that was started again shows what idling costs, without what
	// filling it has left behind.
	if s, err = start(ctx, binary, data, url); err != nil {
		return nil, err
	}
	time.Sleep(3 * time.Second) //nolint:forbidigo // a measurement
	before, err1 := s.cpu()
	time.Sleep(idleFor) //nolint:forbidigo // a measurement
	after, err2 := s.cpu()
	rss, err3 := s.resident()
	share := float64(after-before) / float64(idleFor) * 100
	return []row{
		{"Idle with 10 channels and 1,000 scheduled posts: memory", db.name, mib(rss), "≤ 40 MiB"},
		{"The same: CPU", db.name, fmt.Sprintf("%.2f %% of a core", share), "≤ 0.2 %"},
		{"Memory after creating the 1,000 posts", db.name, mib(busy), "≤ 96 MiB"},
	}, errors.Join(err1, err2, err3, s.stop())
}

func mib(n int) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }

// creating measures POST /posts over HTTP, at 16 connections.
func creating(ctx context.Context, binary, dir string, db database) ([]row, error) {
	data, url, drop, err := fresh(ctx, dir, db)
	if err != nil {
		return nil, err
	}
	defer drop()
	s, err := start(ctx, binary, data, url)
	if err != nil {
		return nil, err
	}
	c, channels, err := s.signUp(ctx, 10)
	if err != nil {
		return nil, errors.Join(err, s.stop())
	}
	const n = 2000
	var rates, costs []float64
	for range rounds {
		before, _ := s.cpu()
		begin := time.Now()
		if err := load(16, n, func(i int) error {
			return schedule(ctx, c, channels[i%10], time.Now().Add(24*time.Hour))
		}); err != nil {
			return nil, errors.Join(err, s.stop())
		}
		rates = append(rates, n/time.Since(begin).Seconds())
		after, _ := s.cpu()
		costs = append(costs, float64(after-before)/float64(time.Millisecond)/n)
	}
	return []row{{
		"POST /posts, one channel, 16 connections", db.name,
		fmt.Sprintf("%.0f posts/s, %.2f ms CPU each", median(rates), median(costs)), "≥ 780 posts/s, ≤ 0.8 ms CPU",
	}}, s.stop()
}

// load calls fn n times from a number of goroutines.
func load(workers, n int, fn func(i int) error) error {
	next := make(chan int)
	errs := make(chan error, workers)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := range next {
				if err := fn(i); err != nil {
					errs <- err
					for range next {
					}
					return
				}
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
	close(errs)
	return <-errs
}

// fresh returns an empty data folder and database, and what removes them.
func fresh(ctx context.Context, dir string, db database) (data, url string, drop func(), err error) {
	data = filepath.Join(dir, "data-"+rand.Text())
	if err := os.MkdirAll(data, 0o700); err != nil {
		return "", "", nil, err
	}
	if db.dsn == "" {
		return data, "", func() { _ = os.RemoveAll(data) }, nil
	}
	url, dropSchema, err := freshSchema(ctx, db.dsn)
	return data, url, func() { dropSchema(); _ = os.RemoveAll(data) }, err
}
