package memcache_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/memcache"
	"github.com/crierhq/crier/ports/cache"
	"github.com/crierhq/crier/testkit/cachetest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	cachetest.Run(t, cachetest.Harness{Open: func(testing.TB) (cachetest.Installation, error) {
		now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		c, err := memcache.New(memcache.Config{Now: func() time.Time { return now }})
		return cachetest.Installation{Cache: c, Pass: func(d time.Duration) { now = now.Add(d) }}, err
	}})
}

// TestMemoryIsBounded: a flood of keys, of few groups or of many, makes those go
// that were not asked for.
func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	const most = 100
	for name, key := range map[string]func(i int) cache.Key{
		"many groups":   func(i int) cache.Key { return cache.Key{Group: strconv.Itoa(i)} },
		"one group":     func(i int) cache.Key { return cache.Key{Group: "g", Name: strconv.Itoa(i)} },
		"a few of each": func(i int) cache.Key { return cache.Key{Group: strconv.Itoa(i % 30), Name: strconv.Itoa(i)} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := memcache.New(memcache.Config{MaxValues: most})
			if err != nil {
				t.Fatal(err)
			}
			fill := func(k cache.Key) bool {
				got, err := c.Get(t.Context(), k)
				if err == nil && !got[0].Found {
					err = c.Put(t.Context(), k, got[0].Lease, []byte("v"))
				}
				if err != nil {
					t.Fatal(err)
				}
				return got[0].Found
			}
			often := cache.Key{Group: "often"}
			fill(often)
			for i := range 1000 {
				fill(key(i))
				if !fill(often) {
					t.Fatal("what was asked for just now is gone")
				}
				if n := memcache.Len(c); n < 0 || n > most {
					t.Fatalf("got %d values and groups, want at most %d", n, most)
				}
			}
		})
	}
}

// TestHoldsThatNobodyEndsGo: else a writer that never lets go would fill memory.
func TestHoldsThatNobodyEndsGo(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	c, err := memcache.New(memcache.Config{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		if _, err := c.Hold(t.Context(), strconv.Itoa(i)); err != nil {
			t.Fatal(err)
		}
		now = now.Add(cache.HoldFor / 10)
	}
	if n := memcache.Held(c); n > 11 {
		t.Errorf("got %d groups that are held, want those of the last quarter of an hour", n)
	}
}

func TestNewSaysAllThatIsWrong(t *testing.T) {
	t.Parallel()
	_, err := memcache.New(memcache.Config{Life: -1, MaxValues: -1})
	for _, want := range []string{"Life", "MaxValues"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want %q in it", err, want)
		}
	}
}
