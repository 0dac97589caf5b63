package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/crierhq/crier/client"
)

// posts is out of how many a month is listed, and months over how many they are
// spread.
const (
	posts  = 10_000
	months = 10
)

// request is one kind of request whose answers are measured.
type request struct {
	what, method, target string
	n                    int // how many make one measurement
	path                 string
	body                 string
}

// answering measures what a program with an API key asks for most, on a server
// with 10 channels and 10,000 posts, at 16 and at 64 connections.
func answering(ctx context.Context, binary, dir string, db database) ([]row, error) {
	data, where, drop, err := fresh(ctx, dir, db)
	if err != nil {
		return nil, err
	}
	defer drop()
	s, err := start(ctx, binary, data, where)
	if err != nil {
		return nil, err
	}
	rows, err := s.answers(ctx, db)
	return rows, errors.Join(err, s.stop())
}

func (s *server) answers(ctx context.Context, db database) ([]row, error) {
	c, channels, err := s.signUp(ctx, 10)
	if err != nil {
		return nil, err
	}
	begin := time.Now().Add(24 * time.Hour)
	month := 30 * 24 * time.Hour
	if err := load(16, posts, func(i int) error {
		return schedule(ctx, c, channels[i%len(channels)], begin.Add(time.Duration(i)*(months*month/posts)))
	}); err != nil {
		return nil, err
	}
	key, err := c.CreateAPIKey(ctx, client.CreateKeyRequest{Name: "bench", Scope: client.CreateKeyRequestScopeWrite})
	if err != nil {
		return nil, err
	}
	inside := url.Values{"from": {begin.Add(month).Format(time.RFC3339)}, "to": {begin.Add(2 * month).Format(time.RFC3339)}, "limit": {"100"}}
	var rows []row
	for _, r := range []request{
		{what: "GET /integrations, 10 of them", method: http.MethodGet, path: "/integrations", n: 4000, target: "≤ 0.25 ms CPU"},
		{what: "GET /posts, a month out of 10,000, 100 a page", method: http.MethodGet, path: "/posts?" + inside.Encode(), n: 1000, target: "≤ 0.8 ms CPU"},
		{
			what: "POST /posts, one channel", method: http.MethodPost, path: "/posts", n: 2000, target: "≤ 0.8 ms CPU",
			body: fmt.Sprintf(`{"content":"A post of a common length.","type":"schedule","scheduledAt":%q,"integrations":[{"id":%q}]}`,
				begin.Add(100*month).Format(time.RFC3339), channels[0]),
		},
	} {
		for _, connections := range []int{16, 64} {
			value, err := s.measure(ctx, r, key.Key, connections)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", r.what, err)
			}
			rows = append(rows, row{fmt.Sprintf("%s, API key, %d connections", r.what, connections), db.name, value, r.target})
		}
	}
	rss, err := s.resident()
	return append(rows, row{"Memory after all of these", db.name, mib(rss), "≤ 96 MiB"}), err
}

// measure returns the medians of the rate, the p99 and the server's CPU time.
func (s *server) measure(ctx context.Context, r request, key string, connections int) (string, error) {
	var rates, costs []float64
	var p99s []time.Duration
	for range rounds {
		took := make([]time.Duration, r.n)
		before, _ := s.cpu()
		begin := time.Now()
		err := load(connections, r.n, func(i int) error {
			asked := time.Now()
			err := s.ask(ctx, r, key)
			took[i] = time.Since(asked)
			return err
		})
		if err != nil {
			return "", err
		}
		rates = append(rates, float64(r.n)/time.Since(begin).Seconds())
		after, _ := s.cpu()
		costs = append(costs, ms(after-before)/float64(r.n))
		slices.Sort(took)
		p99s = append(p99s, took[r.n*99/100])
	}
	return fmt.Sprintf("%.0f/s, p99 %.0f ms, %.2f ms CPU each", median(rates), ms(median(p99s)), median(costs)), nil
}

// ask makes one request and reads its answer, without the work of understanding
// it: the cores are shared with the server.
func (s *server) ask(ctx context.Context, r request, key string) error {
	req, err := http.NewRequestWithContext(ctx, r.method, s.base+r.path, strings.NewReader(r.body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+key)
	if r.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := httpClient.Do(req)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(resp.Body)
	err = errors.Join(err, resp.Body.Close())
	if err == nil && resp.StatusCode >= 300 {
		err = fmt.Errorf("got %s: %.300s", resp.Status, text)
	}
	return err
}
