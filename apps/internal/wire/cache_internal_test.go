package wire

import (
	"testing"

	"github.com/crierhq/crier/adapters/memcache"
	"github.com/crierhq/crier/adapters/rediscache"
	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/ports/cache"
)

// TestWhereThingsAreRemembered: in the process only where no other one changes
// them.
func TestWhereThingsAreRemembered(t *testing.T) {
	t.Parallel()
	const postgres, redis = "DATABASE_URL=postgres://u:p@127.0.0.1:1/d", "REDIS_URL=redis://127.0.0.1:1/0"
	for name, c := range map[string]struct {
		settings  []string
		want      cache.Cache
		writeOnly bool
	}{
		"SQLite":                       {nil, &memcache.Cache{}, false},
		"SQLite, off":                  {[]string{"CACHE=false"}, nil, false},
		"SQLite with separate workers": {[]string{"WORKER=false"}, nil, false},
		"SQLite and Redis":             {[]string{redis}, &rediscache.Cache{}, false},
		"PostgreSQL":                   {[]string{postgres}, nil, false},
		"PostgreSQL and Redis":         {[]string{postgres, redis}, &rediscache.Cache{}, false},
		"PostgreSQL and Redis, off":    {[]string{postgres, redis, "CACHE=false"}, &rediscache.Cache{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg, env := load(t, append(c.settings, "DATA_DIR="+t.TempDir())...)
			a := &App{cfg: cfg, env: env}
			var err error
			if a.signals, err = newSignals(cfg.Storage, env.Log); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = a.signals.close() })
			var got core.Config
			if err := a.remember(&got); err != nil {
				t.Fatal(err)
			}
			if kind(got.Cache) != kind(c.want) || got.CacheWriteOnly != c.writeOnly {
				t.Errorf("got %T (write only: %t), want %T (%t)", got.Cache, got.CacheWriteOnly, c.want, c.writeOnly)
			}
		})
	}
}

func kind(c cache.Cache) string {
	switch c.(type) {
	case *memcache.Cache:
		return "memory"
	case *rediscache.Cache:
		return "Redis"
	}
	return ""
}
