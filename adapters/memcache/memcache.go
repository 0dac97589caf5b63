// Package memcache is a cache.Cache inside one process, of bounded memory. It is
// right only where no other process changes what is remembered.
package memcache

import (
	"bytes"
	"container/list"
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/crierhq/crier/ports/cache"
)

// Config tunes a Cache. The zero value of every field is its default.
type Config struct {
	// Now is the clock. Default time.Now.
	Now func() time.Time
	// Life is how long values are kept. Default 30 s.
	Life time.Duration
	// MaxValues bounds how many values and groups are kept together; each takes
	// some 200 bytes and its own length. Default 50,000. Beyond it, the groups go
	// that were not asked for the longest time.
	MaxValues int
}

const (
	defaultLife      = 30 * time.Second
	defaultMaxValues = 50_000
)

// Cache keeps values in memory.
type Cache struct {
	cfg Config

	mu     sync.Mutex
	groups map[string]*list.Element // of *group
	recent *list.List               // the group that was asked for last in front
	size   int                      // values and groups
	// held is when each hold of a group ends by itself.
	held map[string]map[uint64]time.Time
	last uint64 // lease or hold
}

type group struct {
	name, lease string
	ends        time.Time
	values      map[string][]byte
}

var _ cache.Cache = (*Cache)(nil)

// New returns a Cache. It starts nothing.
func New(cfg Config) (*Cache, error) {
	var problems []error
	if cfg.Life < 0 {
		problems = append(problems, errors.New("memcache: Config.Life cannot be negative"))
	}
	if cfg.MaxValues < 0 {
		problems = append(problems, errors.New("memcache: Config.MaxValues cannot be negative"))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Life == 0 {
		cfg.Life = defaultLife
	}
	if cfg.MaxValues == 0 {
		cfg.MaxValues = defaultMaxValues
	}
	return &Cache{cfg: cfg, groups: map[string]*list.Element{}, recent: list.New(), held: map[string]map[uint64]time.Time{}}, nil
}

// Life implements cache.Cache.
func (c *Cache) Life() time.Duration { return c.cfg.Life }

// Get implements cache.Cache.
func (c *Cache) Get(ctx context.Context, keys ...cache.Key) ([]cache.Entry, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	out := make([]cache.Entry, len(keys))
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.cfg.Now()
	for i, k := range keys {
		if g := c.open(k.Group, now); g != nil {
			out[i].Value, out[i].Found = g.values[k.Name]
			if !out[i].Found {
				out[i].Lease = g.lease
			}
		}
	}
	return out, nil
}

// open returns the group of a name, made if it is not there; nil if it is held.
func (c *Cache) open(name string, now time.Time) *group {
	if c.isHeld(name, now) {
		return nil
	}
	if e, ok := c.groups[name]; ok {
		if g := e.Value.(*group); now.Before(g.ends) { //nolint:forcetypeassert // nothing else is in the list
			c.recent.MoveToFront(e)
			return g
		}
		c.forget(e)
	}
	c.last++
	g := &group{name: name, lease: strconv.FormatUint(c.last, 36), ends: now.Add(c.cfg.Life), values: map[string][]byte{}}
	c.groups[name] = c.recent.PushFront(g)
	c.size++
	c.shrink()
	return g
}

func (c *Cache) isHeld(name string, now time.Time) bool {
	for id, ends := range c.held[name] {
		if !now.Before(ends) {
			c.letGo(name, id)
		}
	}
	return len(c.held[name]) > 0
}

// letGo reports whether there was such a hold.
func (c *Cache) letGo(name string, id uint64) bool {
	_, ok := c.held[name][id]
	delete(c.held[name], id)
	if len(c.held[name]) == 0 {
		delete(c.held, name)
	}
	return ok
}

func (c *Cache) forget(e *list.Element) {
	g := c.recent.Remove(e).(*group) //nolint:forcetypeassert // nothing else is in the list
	delete(c.groups, g.name)
	c.size -= 1 + len(g.values)
}

// shrink makes room, and keeps what was asked for last.
func (c *Cache) shrink() {
	for c.size > c.cfg.MaxValues && c.recent.Len() > 1 {
		c.forget(c.recent.Back())
	}
}

// Put implements cache.Cache.
func (c *Cache) Put(ctx context.Context, k cache.Key, lease string, value []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.groups[k.Group]
	if !ok {
		return nil
	}
	g := e.Value.(*group) //nolint:forcetypeassert // nothing else is in the list
	if _, known := g.values[k.Name]; g.lease != lease || !known && 2*len(g.values) >= c.cfg.MaxValues {
		return nil // no group takes the place of all others
	} else if !known {
		c.size++
	}
	g.values[k.Name] = bytes.Clone(value)
	c.recent.MoveToFront(e)
	c.shrink()
	return nil
}

// Hold implements cache.Cache. It returns no error.
func (c *Cache) Hold(_ context.Context, names ...string) (cache.Release, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.cfg.Now()
	for name := range c.held {
		c.isHeld(name, now) // else those that nobody asks for stayed for ever
	}
	c.last++
	id := c.last
	for _, name := range names {
		if e, ok := c.groups[name]; ok {
			c.forget(e)
		}
		if c.held[name] == nil {
			c.held[name] = map[uint64]time.Time{}
		}
		c.held[name][id] = now.Add(cache.HoldFor)
	}
	return func(context.Context) error { c.release(id, names); return nil }, nil
}

func (c *Cache) release(id uint64, names []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, name := range names {
		c.letGo(name, id)
		// There is a group only if the hold was over by itself.
		if e, ok := c.groups[name]; ok {
			c.forget(e)
		}
	}
}
