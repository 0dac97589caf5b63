// Package wire puts a running Crier together from its settings: plain calls, in
// order. It is also the shortest description of how the parts fit.
package wire

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"github.com/crierhq/crier/adapters/aesseal"
	"github.com/crierhq/crier/adapters/argon2password"
	"github.com/crierhq/crier/adapters/bunstore"
	"github.com/crierhq/crier/adapters/casbinpermit"
	"github.com/crierhq/crier/adapters/diskblob"
	"github.com/crierhq/crier/adapters/guardhttp"
	"github.com/crierhq/crier/adapters/httpapi"
	"github.com/crierhq/crier/adapters/rrulerecur"
	"github.com/crierhq/crier/apps/internal/config"
	"github.com/crierhq/crier/apps/internal/secrets"
	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/identity"
	"github.com/crierhq/crier/ports/seal"
)

// Environment is what is read from outside beside the settings of Crier itself.
type Environment struct {
	// Environ and ReadFile are as in config.Load; the settings of providers are
	// read from them.
	Environ  []string
	ReadFile func(string) ([]byte, error)
	// Log gets everything. Required.
	Log *slog.Logger
	// Adjust may change what the engine is made of. It may be nil, as it is in
	// the programs that people run; those that try Crier out add a platform or
	// shorten waits with it.
	Adjust func(*core.Config)
	// Simulator is where all platforms are played on this machine: an address
	// that may be connected to, and whose files of this server it can reach. The
	// programs that people run for real leave it zero.
	Simulator netip.AddrPort
}

// App is a Crier that was put together. The database may still be missing; see
// Run.
type App struct {
	cfg    config.Config
	env    Environment
	jwt    []byte
	sealer seal.Sealer
	hasher *argon2password.Hasher
	blobs  *diskblob.Bucket
	client *http.Client
	// identities are the services to sign in with.
	identities []identity.Provider
	mails      core.MailConfig
	signals    signals
	handler    atomic.Pointer[http.Handler]
	live       atomic.Pointer[live]
}

// live is what needs the database.
type live struct {
	store  *bunstore.Store
	engine *core.Engine
}

// Build puts everything together. A PostgreSQL that cannot be reached is no
// error: Run waits for it. Everything else that is wrong is one, such as a
// folder that cannot be written or a *bunstore.VersionError. The App must be
// closed.
func Build(ctx context.Context, cfg config.Config, env Environment) (*App, error) {
	a := &App{cfg: cfg, env: env}
	if err := a.build(ctx); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

func (a *App) build(ctx context.Context) error {
	if err := os.MkdirAll(a.cfg.Storage.DataDir, 0o700); err != nil {
		return fmt.Errorf("the folder of DATA_DIR cannot be made: %w", err)
	}
	if err := a.buildSecrets(); err != nil {
		return err
	}
	var err error
	if a.hasher, err = argon2password.New(argon2password.Config{}); err != nil {
		return err
	}
	if a.blobs, err = diskblob.New(diskblob.Config{Dir: a.cfg.Storage.MediaDir()}); err != nil {
		return err
	}
	guard := guardhttp.Config{AllowPrivate: a.cfg.Network.AllowPrivate}
	if a.env.Simulator.IsValid() {
		guard.AllowAddresses = []netip.AddrPort{a.env.Simulator}
	}
	if a.client, err = guardhttp.New(guard); err != nil {
		return err
	}
	if err := a.buildIdentities(); err != nil {
		return err
	}
	if a.mails, err = a.mail(); err != nil {
		return err
	}
	if a.signals, err = newSignals(a.cfg.Storage, a.env.Log); err != nil {
		return err
	}
	a.serveWaiting(errors.New("the database is not open yet"))
	err = a.connect(ctx)
	if err != nil && waitable(a.cfg, err) {
		a.serveWaiting(err)
		a.env.Log.WarnContext(ctx, "the database cannot be reached; the server waits for it and is not ready until then", "error", err)
		return nil
	}
	return err
}

// buildSecrets takes the secrets from the settings, and makes those that are
// not set.
func (a *App) buildSecrets() error {
	keys := a.cfg.Secrets.EncryptionKeys
	a.jwt = []byte(a.cfg.Secrets.JWTSecret)
	if len(keys) == 0 || len(a.jwt) == 0 {
		made, err := secrets.Load(a.cfg.Storage.SecretsDir(), rand.Reader)
		if err != nil {
			return err
		}
		for _, file := range made.Created {
			a.env.Log.Info("made a secret; keep it with your backups", "file", file)
		}
		a.jwt = []byte(cmp.Or(string(a.cfg.Secrets.JWTSecret), made.JWT))
		if len(keys) == 0 {
			if keys, err = config.ParseKeys(made.EncryptionKeys); err != nil {
				return fmt.Errorf("the file %s: %w", filepath.Join(a.cfg.Storage.SecretsDir(), secrets.KeysFile), err)
			}
		}
	}
	var sealing aesseal.Config
	for _, k := range keys {
		sealing.Keys = append(sealing.Keys, aesseal.Key{ID: k.ID, Secret: k.Bytes})
	}
	var err error
	a.sealer, err = aesseal.New(sealing)
	return err
}

// connect opens the database, brings it up to date, and starts to serve.
func (a *App) connect(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	_, address := a.cfg.Storage.Database()
	st, err := bunstore.Open(ctx, bunstore.Config{URL: address})
	if err != nil {
		return err
	}
	eng, err := a.engine(ctx, st)
	if err != nil {
		return errors.Join(err, st.Close())
	}
	a.live.Store(&live{store: st, engine: eng.Engine})
	h, err := a.routes(eng)
	if err != nil {
		return err
	}
	a.serve(h)
	return nil
}

// connectTimeout bounds one try to open and migrate the database. A migration
// of a large one takes its time.
const connectTimeout = 10 * time.Minute

// wired is an engine with the sites of its providers.
type wired struct {
	*core.Engine
	sites map[domain.ProviderID]http.Handler
}

func (a *App) engine(ctx context.Context, st *bunstore.Store) (wired, error) {
	if err := st.Migrate(ctx); err != nil {
		return wired{}, err
	}
	list, sites, err := a.providers(st)
	if err != nil {
		return wired{}, err
	}
	permissions, err := casbinpermit.New(casbinpermit.Config{})
	if err != nil {
		return wired{}, err
	}
	cfg := core.Config{
		Permissions: permissions,
		Store:       st, Blobs: a.blobs, Sealer: a.sealer, Hasher: a.hasher, Providers: list,
		Registration: core.Registration(a.cfg.Accounts.Registration),
		Identities:   a.identities,
		Mail:         a.mails, RequireVerification: a.cfg.Mail.RequireVerification(),
		MediaURL:  a.mediaURL(),
		Recur:     rrulerecur.New(),
		MaxUpload: int64(a.cfg.Storage.MaxUploadBytes),
		Policy: core.Policy{
			Attempts: a.cfg.Publisher.Attempts, Backoff: a.cfg.Publisher.Backoff,
			CallTimeout: a.cfg.Publisher.Timeout, Gap: gap(a.cfg.Publisher.Gap), LateWindow: a.cfg.Publisher.LateWindow,
		},
		Worker: a.worker(), Bell: a.signals.bell, Queue: a.signals.queue,
		Log: a.env.Log.With("component", "engine"), Now: time.Now,
		Setup: core.SetupConfig{HTTP: a.client, Platforms: a.setups, PublicURL: a.cfg.Server.PublicURL},
	}
	if err := a.remember(&cfg); err != nil {
		return wired{}, err
	}
	if a.env.Adjust != nil {
		a.env.Adjust(&cfg)
	}
	eng, err := core.New(cfg)
	if err != nil && len(a.cfg.Publisher.Jobs) > 0 {
		err = fmt.Errorf("%w (see WORKER_JOBS)", err)
	}
	return wired{Engine: eng, sites: sites}, err
}

// gap is d as the engine takes it: there, zero is its default.
func gap(d time.Duration) time.Duration {
	if d == 0 {
		return -1
	}
	return d
}

// worker is what this process works on, and how.
func (a *App) worker() core.WorkerConfig {
	p := a.cfg.Publisher
	out := core.WorkerConfig{
		Owner: owner(), Concurrency: p.Concurrency, Lease: p.Lease, Poll: p.PollInterval, Grace: a.cfg.Server.ShutdownTimeout,
	}
	switch {
	case slices.Contains(p.Providers, config.Nothing):
		out.Only = core.WorkJobs
	case slices.Contains(p.Jobs, config.Nothing):
		out.Only = core.WorkDeliveries
	}
	if out.Only != core.WorkJobs {
		for _, id := range p.Providers {
			out.Providers = append(out.Providers, domain.ProviderID(id))
		}
	}
	if out.Only != core.WorkDeliveries {
		out.Jobs = p.Jobs
	}
	return out
}

// owner names this process among all that ever work on the database.
func owner() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s-%d-%s", host, os.Getpid(), rand.Text()[:8])
}

// mediaURL is nil where no platform could reach this server anyway: then a post
// for a platform that fetches files is refused with that reason. A simulator is
// near enough.
func (a *App) mediaURL() func(context.Context, domain.Media) (string, error) {
	if !a.env.Simulator.IsValid() && !reachable(a.cfg.Server.PublicURL) {
		return nil
	}
	return httpapi.MediaURL(a.jwt, a.cfg.Server.PublicURL, time.Now)
}

// Engine is nil until the database was reached.
func (a *App) Engine() *core.Engine {
	if l := a.live.Load(); l != nil {
		return l.engine
	}
	return nil
}

// Close lets go of the database and the files.
func (a *App) Close() error {
	var errs []error
	if l := a.live.Load(); l != nil {
		errs = append(errs, l.store.Close())
	}
	errs = append(errs, a.signals.close())
	if a.blobs != nil {
		errs = append(errs, a.blobs.Close())
	}
	return errors.Join(errs...)
}
