package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/crierhq/crier/core/domain"
)

// booked is a post that was to be booked.
type booked struct {
	number  int
	id      string // as the API said; "" if its answer was lost
	account string
	due     time.Time
	// lost says that the answer of the booking was lost: the post is there or not.
	lost bool
}

// bookAll books the posts from the first to before the end, on all channels in
// turn, for the moment due. While the server is killed, the answers of some
// bookings are lost.
func (t *trial) bookAll(ctx context.Context, first, end int, due time.Time) error {
	return each(end-first, func(i int) (err error) {
		n := first + i
		account := n % len(t.channels)
		b := booked{number: n, account: strconv.Itoa(account), due: due}
		b.id, b.lost, err = t.client.schedule(ctx, t.channels[account], fmt.Sprintf("Post #%d of the kill test.", n), due)
		t.posts[n] = b
		return err
	})
}

// bursts is into how many parts the bookings are divided that are made while the
// server is killed.
const bursts = 8

// bookAmid books the rest of the posts, a part of them just before the server is
// struck, each time that it is, and what is left once the storm is over. Each
// part is due at once.
func (t *trial) bookAmid(ctx, storm context.Context, strikes <-chan struct{}) error {
	rest := len(t.posts) - t.calm()
	size := max(rest/bursts, parallel)
	for n := t.calm(); n < len(t.posts); n += size {
		select {
		case <-strikes:
		case <-storm.Done():
		}
		if err := t.bookAll(ctx, n, min(n+size, len(t.posts)), soon()); err != nil {
			return err
		}
	}
	return nil
}

// schedule books a post. A server that is not there is waited for, for it was
// asked nothing. lost says that it was asked and its answer did not come: then
// nobody knows whether the post is booked, and it is not asked again.
func (c *client) schedule(ctx context.Context, channel, text string, at time.Time) (id string, lost bool, err error) {
	in := map[string]any{
		"content": text, "type": "schedule", "scheduledAt": at.UTC().Format(time.RFC3339Nano), "integrations": []string{channel},
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	for {
		var out struct{ ID string }
		err := c.call(ctx, http.MethodPost, "/posts", in, &out)
		if !unheard(err) {
			lost := unanswered(err) && ctx.Err() == nil
			if lost {
				err = nil
			}
			return out.ID, lost, err
		}
		select {
		case <-ctx.Done():
			return "", false, err
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// unheard reports whether a call never reached the server.
func unheard(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}

// unanswered reports whether a call may have been carried out although it
// failed: no answer came, or one that says that something of the server's own
// went wrong.
func unanswered(err error) bool {
	if e, ok := errors.AsType[*badStatus](err); ok {
		return e.code >= http.StatusInternalServerError
	}
	return err != nil
}

// inventory is the ids of the posts that the API has, by the number in their
// texts.
func (c *client) inventory(ctx context.Context) (map[int][]string, error) {
	out := map[int][]string{}
	for next := ""; ; {
		var page struct {
			Data []struct{ ID, Content string }
			Page struct{ Next string }
		}
		if err := c.call(ctx, http.MethodGet, "/posts?limit=200&cursor="+url.QueryEscape(next), nil, &page); err != nil {
			return nil, err
		}
		for _, p := range page.Data {
			out[numberOf(p.Content)] = append(out[numberOf(p.Content)], p.ID)
		}
		if next = page.Page.Next; next == "" {
			return out, nil
		}
	}
}

// reconcile holds what was booked against what is there. It returns the posts
// that are there, and what is wrong: every booking made its post once, and one
// whose answer was lost made it once or not at all.
func reconcile(posts []booked, there map[int][]string) (kept []booked, findings []string) {
	known := map[int]bool{}
	for _, b := range posts {
		known[b.number] = true
		ids := there[b.number]
		switch {
		case len(ids) > 1:
			findings = append(findings, fmt.Sprintf("DOUBLE: post #%d was booked once and is there %d times: %v", b.number, len(ids), ids))
		case len(ids) == 0 && !b.lost:
			findings = append(findings, fmt.Sprintf("LOST: post #%d (%s) was booked and is not there", b.number, b.id))
		case len(ids) == 1 && !b.lost && ids[0] != b.id:
			findings = append(findings, fmt.Sprintf("post #%d was booked as %s and is there as %s", b.number, b.id, ids[0]))
		}
		for _, id := range ids {
			b.id = id
			kept = append(kept, b)
		}
	}
	for n, ids := range there {
		if !known[n] {
			findings = append(findings, fmt.Sprintf("nobody booked what is there as %v", ids))
		}
	}
	slices.Sort(findings)
	return kept, findings
}

// soon is the moment that posts which are booked now are due at.
func soon() time.Time { return domain.Instant(time.Now().Add(time.Second)) }
