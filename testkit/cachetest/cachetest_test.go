package cachetest_test

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/crierhq/crier/ports/cache"
	"github.com/crierhq/crier/testkit/cachetest"
)

const life = 30 * time.Second

// plain is the shortest good cache, with a place for each flaw.
type plain struct {
	flaw string

	mu     sync.Mutex
	now    time.Time
	last   int
	groups map[string]*group
}

type group struct {
	lease  string
	ends   time.Time
	values map[string][]byte
	holds  map[int]time.Time
}

func (c *plain) is(flaw string) bool { return c.flaw == flaw }

// at returns the group as it is now.
func (c *plain) at(name string) *group {
	g := c.groups[name]
	if g == nil {
		g = &group{holds: map[int]time.Time{}}
		c.groups[name] = g
	}
	for id, ends := range g.holds {
		if !c.now.Before(ends) && !c.is("holds for ever") {
			delete(g.holds, id)
		}
	}
	if !c.now.Before(g.ends) && !c.is("keeps for ever") {
		g.lease, g.values = "", nil
	}
	return g
}

func (c *plain) split(k cache.Key) (string, string) {
	switch c.flaw {
	case "joins names":
		return "", k.Group + k.Name
	case "has one group":
		return "", k.Group + "\x00/" + k.Name
	case "ignores names":
		return k.Group, ""
	}
	return k.Group, k.Name
}

func (c *plain) Life() time.Duration { return life }

func (c *plain) Get(ctx context.Context, keys ...cache.Key) ([]cache.Entry, error) {
	if err := ctx.Err(); err != nil && !c.is("ignores the context") {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []cache.Entry
	for _, k := range keys {
		name, field := c.split(k)
		g := c.at(name)
		var e cache.Entry
		switch value, ok := g.values[field]; {
		case ok && (len(value) > 0 || !c.is("loses empty values")):
			e.Value, e.Found = value, true
		case len(g.holds) > 0 && !c.is("lends while held"):
		default:
			if g.lease == "" {
				c.last++
				g.lease, g.ends = strconv.Itoa(c.last), c.now.Add(life)
			}
			e.Lease = g.lease
		}
		out = append(out, e)
	}
	if c.is("answers backwards") {
		slices.Reverse(out)
	}
	return out, nil
}

func (c *plain) Put(ctx context.Context, k cache.Key, lease string, value []byte) error {
	if err := ctx.Err(); err != nil && !c.is("ignores the context") {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	name, field := c.split(k)
	g := c.at(name)
	if (lease == "" || g.lease != lease) && !c.is("takes any lease") {
		return nil
	}
	if g.values == nil {
		g.values = map[string][]byte{}
	}
	if c.is("lives from the put") || c.is("takes any lease") {
		g.ends = c.now.Add(life)
	}
	if !c.is("shares bytes") {
		value = slices.Clone(value)
	}
	g.values[field] = value
	return nil
}

func (c *plain) Hold(_ context.Context, groups ...string) (cache.Release, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.is("never holds") {
		return func(context.Context) error { return nil }, nil
	}
	c.last++
	id := c.last
	if c.is("holds the first alone") && len(groups) > 1 {
		groups = groups[:1]
	}
	for _, name := range groups {
		g := c.at(c.groupOf(name))
		if !c.is("keeps what it has") {
			g.values = nil
		}
		if !c.is("keeps leases") {
			g.lease = ""
		}
		if !c.is("only removes") {
			g.holds[id] = c.now.Add(cache.HoldFor)
		}
	}
	return func(context.Context) error { c.release(groups, id); return nil }, nil
}

func (c *plain) groupOf(name string) string {
	if c.is("has one group") || c.is("joins names") {
		return ""
	}
	return name
}

func (c *plain) release(groups []string, id int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, name := range groups {
		g := c.at(c.groupOf(name))
		_, held := g.holds[id]
		delete(g.holds, id)
		if c.is("lets go of all") {
			clear(g.holds)
		}
		if !held && !c.is("trusts its holds") {
			g.lease, g.values = "", nil
		}
	}
}

func open(flaw string) cachetest.Harness {
	return cachetest.Harness{Open: func(testing.TB) (cachetest.Installation, error) {
		c := &plain{flaw: flaw, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), groups: map[string]*group{}}
		return cachetest.Installation{
			Cache:  c,
			Pass:   func(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.now = c.now.Add(d) },
			Forget: func() { c.mu.Lock(); defer c.mu.Unlock(); clear(c.groups) },
		}, nil
	}}
}

func TestAGoodOnePasses(t *testing.T) {
	t.Parallel()
	cachetest.Run(t, open(""))
}

func TestWrongOnesAreFound(t *testing.T) {
	t.Parallel()
	for flaw, want := range map[string]string{
		"never holds":           "late_fill",
		"only removes":          "hold",
		"keeps what it has":     "hold",
		"keeps leases":          "fill_from_before_a_hold_that_is_over",
		"lends while held":      "hold",
		"holds the first alone": "hold_of_several",
		"lets go of all":        "two_holds",
		"trusts its holds":      "release_after_its_end",
		"holds for ever":        "hold_ends_by_itself",
		"takes any lease":       "late_fill",
		"keeps for ever":        "life",
		"lives from the put":    "life_is_not_extended",
		"joins names":           "keys_apart",
		"has one group":         "hold",
		"ignores names":         "keys_apart",
		"shares bytes":          "bytes",
		"loses empty values":    "keeps",
		"answers backwards":     "keeps",
		"ignores the context":   "ended_context",
	} {
		t.Run(flaw, func(t *testing.T) {
			t.Parallel()
			found := cachetest.Findings(t, open(flaw))
			if !slices.ContainsFunc(found, func(f cachetest.Finding) bool { return f.Check == want }) {
				t.Errorf("got %v, want a finding of %s", found, want)
			}
		})
	}
}
