package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/crierhq/crier/core/domain"
)

// client speaks the HTTP API as anybody's program would.
type client struct {
	http        *http.Client
	base, token string
}

func newClient(base string) *client {
	return &client{base: base, http: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: parallel}}}
}

// call makes one call and reads the answer into out.
func (c *client) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "application/json")
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	return c.do(req, out)
}

func (c *client) do(req *http.Request, out any) error {
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		return &badStatus{resp.StatusCode, fmt.Sprintf("%s %s: %s: %s", req.Method, req.URL.Path, resp.Status, raw)}
	}
	return json.Unmarshal(raw, out)
}

// badStatus is an answer that says no.
type badStatus struct {
	code int
	what string
}

func (e *badStatus) Error() string { return e.what }

// awaitAnswer waits until the server answers that it lives.
func (c *client) awaitAnswer(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		var out struct{}
		err := c.call(ctx, http.MethodGet, "/livez", nil, &out)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the server does not answer: %w", err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (c *client) register(ctx context.Context) error {
	var who struct{ AccessToken string }
	err := c.call(ctx, http.MethodPost, "/auth/register",
		map[string]string{"email": "kill@example.org", "password": rand.Text(), "name": "Kill"}, &who)
	c.token = who.AccessToken
	return err
}

type connected struct {
	Integration struct{ ID string }
	URL         string
}

// connectForm connects an account of a platform with a form.
func (c *client) connectForm(ctx context.Context, provider, server string, account int) (string, error) {
	var out connected
	err := c.call(ctx, http.MethodPost, "/integrations/connect", map[string]any{
		"provider": provider, "fields": map[string]string{"server": server, "account": strconv.Itoa(account)},
	}, &out)
	return out.Integration.ID, err
}

// connectPage connects an account through the page of its server, which sends
// us back to where the connection is finished.
func (c *client) connectPage(ctx context.Context, provider, server string, account int) (string, error) {
	var begun, out connected
	err := c.call(ctx, http.MethodPost, "/integrations/connect", map[string]any{
		"provider": provider, "fields": map[string]string{"instance": server},
	}, &begun)
	if err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, begun.URL+"&login="+strconv.Itoa(account), nil)
	if err != nil {
		return "", err
	}
	req.Header.Set("Accept", "application/json")
	err = c.do(req, &out)
	return out.Integration.ID, err
}

// record is what Crier says of a post.
type record struct {
	ID         string
	Content    string
	State      string
	Deliveries []delivery
	Attempts   []attempt
	Timeline   []moment
}

type delivery struct {
	ID     string
	State  domain.DeliveryState
	Reason struct{ Code, Message string }
	NextAt time.Time
	Items  []item
}

type item struct{ ID, URL string }

type attempt struct {
	Delivery, Result, URL string
	Number                int
	StartedAt             time.Time
}

type moment struct {
	At              time.Time
	Event, Delivery string
}

// get reads a post. A server that has just lost its connections may fail once.
func (c *client) get(ctx context.Context, id string) (record, error) {
	var out record
	var err error
	for range 3 {
		if err = c.call(ctx, http.MethodGet, "/posts/"+url.PathEscape(id), nil, &out); err == nil {
			break
		}
	}
	return out, err
}

// moving are the states in which Crier still has something to do.
var moving = []domain.DeliveryState{
	domain.DeliveryScheduled, domain.DeliveryPreparing, domain.DeliveryPublishing, domain.DeliveryProcessing,
}

// still reports the first state in which a delivery is still moving, or "".
func (c *client) still(ctx context.Context) (domain.DeliveryState, error) {
	for _, state := range moving {
		var out struct{ Data []struct{ ID string } }
		if err := c.call(ctx, http.MethodGet, "/posts?limit=1&state="+string(state), nil, &out); err != nil {
			return "", err
		}
		if len(out.Data) > 0 {
			return state, nil
		}
	}
	return "", nil
}

// parallel is how many calls are made at once.
const parallel = 8

// each calls fn for every i below n, several at once, and stops at the first
// error.
func each(n int, fn func(i int) error) error {
	next := make(chan int)
	errs := make(chan error, parallel)
	var wg sync.WaitGroup
	for range parallel {
		wg.Go(func() {
			for i := range next {
				if err := fn(i); err != nil {
					errs <- err
					for range next { // the rest is left alone
					}
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
	var all []error
	for err := range errs {
		all = append(all, err)
	}
	return errors.Join(all...)
}
