package wire

import (
	"github.com/crierhq/crier/adapters/memcache"
	"github.com/crierhq/crier/adapters/rediscache"
	"github.com/crierhq/crier/apps/internal/config"
	"github.com/crierhq/crier/core"
)

// remember has the engine remember what it reads often: in Redis, which all
// processes share, or here, where this process is the only one. On PostgreSQL
// without Redis, or where separate workers are said to be, there may be others
// that could not tell it of a change, so nothing is remembered. With CACHE=false, what this process changes is still to be
// forgotten by those that remember.
func (a *App) remember(cfg *core.Config) (err error) {
	driver, _ := a.cfg.Storage.Database()
	switch {
	case a.signals.redis != nil:
		cfg.Cache, err = rediscache.New(rediscache.Config{Client: a.signals.redis})
		cfg.CacheWriteOnly = !a.cfg.Storage.Cache
	case driver == config.SQLite && a.cfg.Publisher.Worker && a.cfg.Storage.Cache:
		cfg.Cache, err = memcache.New(memcache.Config{})
	}
	return err
}
