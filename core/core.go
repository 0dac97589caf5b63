// Package core is Crier as a library: hand it adapters and providers, get the
// use cases. It owns no goroutine until Run is called, but for the moment that a
// ring of Config.Bell takes, registers nothing globally, and reads nothing from
// the environment.
package core

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/crierhq/crier/core/access"
	"github.com/crierhq/crier/core/account"
	"github.com/crierhq/crier/core/after"
	"github.com/crierhq/crier/core/apikey"
	"github.com/crierhq/crier/core/audit"
	"github.com/crierhq/crier/core/channel"
	"github.com/crierhq/crier/core/compose"
	"github.com/crierhq/crier/core/delay"
	"github.com/crierhq/crier/core/doctor"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/core/insight"
	"github.com/crierhq/crier/core/jobs"
	"github.com/crierhq/crier/core/journal"
	"github.com/crierhq/crier/core/mailer"
	"github.com/crierhq/crier/core/media"
	"github.com/crierhq/crier/core/notify"
	"github.com/crierhq/crier/core/pace"
	"github.com/crierhq/crier/core/pause"
	"github.com/crierhq/crier/core/plan"
	"github.com/crierhq/crier/core/publish"
	"github.com/crierhq/crier/core/recall"
	"github.com/crierhq/crier/core/replay"
	"github.com/crierhq/crier/core/team"
	"github.com/crierhq/crier/core/vault"
	"github.com/crierhq/crier/ports/blob"
	"github.com/crierhq/crier/ports/cache"
	"github.com/crierhq/crier/ports/identity"
	"github.com/crierhq/crier/ports/password"
	"github.com/crierhq/crier/ports/permit"
	"github.com/crierhq/crier/ports/queue"
	"github.com/crierhq/crier/ports/recur"
	"github.com/crierhq/crier/ports/seal"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/ports/store"
	"github.com/crierhq/crier/ports/wake"
)

// The words of the use cases that callers write down.
type (
	// PostInput is what an author wrote.
	PostInput = compose.Input
	// PreviewInput is a wish when to publish.
	PreviewInput = compose.PreviewInput
	// PostView is a post with what became of it.
	PostView = compose.View
	// Answer is what a person found out about a delivery in doubt.
	Answer = compose.Answer
	// Failures is the failures of one cause, and what is to be done about them.
	Failures = compose.Failures
	// Retried is what a bulk retry came to.
	Retried = compose.Retried
	// Seen says what a person had read who approves or rejects a post.
	Seen = compose.Seen
	// OrganizationSettings is what an organization decides about publishing.
	OrganizationSettings = account.OrganizationSettings
	// Place is an organization with what somebody is in it.
	Place = account.Place
	// Person is a member of an organization with how to address them.
	Person = team.Person
	// KeyInput is what a person wants of an API key.
	KeyInput = apikey.Input
	// RegisterInput is what a person types in to register.
	RegisterInput = account.RegisterInput
	// IdentityStart is a sign-in at a service that is to begin.
	IdentityStart = account.IdentityStart
	// IdentityStarted is a sign-in at a service that is under way.
	IdentityStarted = account.IdentityStarted
	// IdentityReturn is a person who came back from a service.
	IdentityReturn = account.IdentityReturn
	// LoginInput is what a person types in to sign in.
	LoginInput = account.LoginInput
	// ProfileInput is what a person says of themselves.
	ProfileInput = account.ProfileInput
	// Origin is where a request comes from.
	Origin = account.Origin
	// Challenge asks for a code beside the password that was right.
	Challenge = account.Challenge
	// FactorStatus is what a person is told of their second factor.
	FactorStatus = account.FactorStatus
	// SignedIn is a person who proved who they are.
	SignedIn = account.SignedIn
	// TokenSource supplies the credentials that the embedding program keeps.
	TokenSource = channel.TokenSource
	// Platform is a provider with what it can do.
	Platform = channel.Platform
	// Finished is where a person is who came back from a platform.
	Finished = channel.Finished
	// Choice asks which of several places to connect.
	Choice = channel.Choice
	// Finding is what came of one look of the Doctor.
	Finding = doctor.Finding
	// PlatformSetup is what the host knows of one platform, for the Doctor.
	PlatformSetup = doctor.Setup
	// PlatformSetting is one setting of a platform.
	PlatformSetting = doctor.Setting
	// Policy is the numbers of publishing.
	Policy = publish.Policy
	// JobKind is one kind of side job.
	JobKind = jobs.Kind
	// JobRunner runs side jobs.
	JobRunner = jobs.Runner
	// Registration says who may make an account.
	Registration = account.Registration
)

// RefreshGrace is for how long a refresh token that was traded is answered with
// the same new one again.
const RefreshGrace = account.RefreshGrace

// What is to become of a post.
const (
	Draft = compose.Draft
	Now   = compose.Now
	At    = compose.At
	Queue = compose.Queue
)

// Who may make an account.
const (
	RegistrationOpen   = account.RegistrationOpen
	RegistrationFirst  = account.RegistrationFirst
	RegistrationClosed = account.RegistrationClosed
)

// DefaultMaxUpload bounds uploads where Config sets nothing else.
const DefaultMaxUpload = 1 << 30

// overdue is how long something may be due and unclaimed before the engine
// counts as not ready.
const overdue = time.Minute

const (
	// defaultPoll is that of the workers.
	defaultPoll = time.Second
	// heardPolls is by how much a poll is longer while rings of other processes
	// are heard: then it only makes up for rings that were lost.
	heardPolls = 5
)

// Config names everything that an Engine needs from outside.
type Config struct {
	// Store keeps the state. Required.
	Store store.Store
	// Blobs keeps the bytes of media. Required.
	Blobs blob.Bucket
	// Sealer keeps secrets unreadable at rest. Required.
	Sealer seal.Sealer
	// Providers are the platforms on offer. At least one.
	Providers []social.Provider
	// Tokens supplies the credentials of channels that were made with
	// Channels.Adopt. It may be nil.
	Tokens TokenSource
	// Hasher checks passwords. Nil: there are no accounts here; the host says
	// who acts by making a domain.Actor.
	Hasher password.Hasher
	// Registration says who may make an account. Default: everybody.
	Registration Registration
	// Identities are the services at which people may prove who they are instead
	// of by a password. It may be empty; it is not used without a Hasher.
	Identities []identity.Provider
	// Permissions says what each role may do. Nil: permit.Default.
	Permissions permit.Policy
	// Mail says how mails are sent. Without a Sender there is none: addresses
	// cannot be proven, and passwords not be forgotten.
	Mail MailConfig
	// RequireVerification says that nobody who registers signs in before they
	// have proven their e-mail address. It needs Mail.
	RequireVerification bool
	// MediaURL returns an address that anybody can fetch a file from for at
	// least an hour. Nil: platforms that pull cannot be served.
	MediaURL func(ctx context.Context, m domain.Media) (string, error)
	// Recur works recurrence rules out. Nil: posts cannot be repeated.
	Recur recur.Expander
	// MaxUpload bounds the size of one file, in bytes. Default DefaultMaxUpload.
	MaxUpload int64
	// Policy is the numbers of publishing.
	Policy Policy
	// Worker is the numbers of Run and Tick.
	Worker WorkerConfig
	// Bell wakes the workers of other processes that share the Store: use cases
	// ring it after their commit, and Run listens. Nil: what others wrote is
	// found by the next poll.
	Bell wake.Bell
	// Cache remembers who is signed in, members and their roles, and API keys. The
	// use cases have it forget what they change, so all processes that share the
	// Store share it, and what else changes these rows must not. Nil: nothing is
	// remembered.
	Cache cache.Cache
	// CacheWriteOnly says that this Engine reads nothing from Cache, and has it
	// forget what it changes for the sake of others.
	CacheWriteOnly bool
	// Jobs are kinds of side jobs of the host's own, beside those of the use
	// cases. Run and Tick run them.
	Jobs []JobKind
	// Queue makes what runs the side jobs. Nil: queue.New, which takes them from
	// the rows. It is not called where there is no kind to run.
	Queue func(cfg queue.Config) (JobRunner, error)
	// Log gets what operators need to know. Default: nothing is logged.
	Log *slog.Logger
	// Now is the clock. Default time.Now.
	Now func() time.Time
	// NewID makes ids that nobody can guess and that sort by time. Default NewID.
	NewID func() string
	// Rand returns a number from 0 to below n; it decides nothing but jitter.
	// Default: math/rand/v2.
	Rand func(n int64) int64
	// Sleep waits for d and returns true, or returns false once ctx has ended.
	// It is used while the store does not take a result. Default: a timer.
	Sleep func(ctx context.Context, d time.Duration) bool
	// Setup is what the Doctor looks at. Without it, it looks at channels only.
	Setup SetupConfig
}

// SetupConfig is what the Doctor may know of the host. Every field may be empty.
type SetupConfig struct {
	// HTTP reaches the platforms as publishing does.
	HTTP *http.Client
	// Platforms returns what is set of each platform, on offer or not.
	Platforms func() []PlatformSetup
	// PublicURL is where others reach the host, without a slash at its end.
	PublicURL string
}

// WorkerConfig is the numbers of the worker. The zero value of every field is
// its default; see publish.WorkerConfig.
type WorkerConfig struct {
	// Owner names the worker. Default: a new id.
	Owner       string
	Concurrency int
	Lease       time.Duration
	Poll        time.Duration
	Grace       time.Duration
	Providers   []domain.ProviderID
	// Jobs narrows the side jobs to these kinds. Empty: all.
	Jobs []string
	// Only narrows the work to one sort of it. Default: both.
	Only Work
}

// Work is a sort of work.
type Work string

// The sorts of work.
const (
	WorkDeliveries Work = "deliveries" // publishing what is due
	WorkJobs       Work = "jobs"       // side jobs
)

// Engine gives access to the use cases. It is safe for concurrent use.
type Engine struct {
	// Access says who may do what. The use cases ask it themselves.
	Access *access.Checker
	// Accounts registers people and signs them in.
	Accounts *account.Service
	// Team manages who belongs to an organization, and its end.
	Team *team.Service
	// Channels connects and disconnects accounts of platforms.
	Channels *channel.Service
	// Media keeps the library of files.
	Media *media.Service
	// Posts composes, books, edits and withdraws posts.
	Posts *compose.Service
	// Doctor looks into why a platform does not work.
	Doctor *doctor.Service
	// Insight asks platforms for numbers of posts and accounts.
	Insight *insight.Service
	// Pauses holds publishing back and lets it go on.
	Pauses *pause.Service

	// Replays lets requests be sent again without being done twice.
	Replays *replay.Service
	// Keys makes, ends and recognizes API keys.
	Keys *apikey.Service
	// Audit keeps who did what.
	Audit *audit.Log

	// Jobs enqueues side jobs and keeps those that failed for good.
	Jobs *jobs.Service

	cfg     Config
	after   *after.Service
	mail    *mailer.Service // nil: there is no mail
	notify  *notify.Service
	recall  *recall.Memory
	kinds   *jobs.Registry
	worker  *publish.Worker
	planner *plan.Planner
	care    *channel.Credentials
	side    *side   // nil: there are no side jobs to run
	ringer  *ringer // nil: there is no bell
	running *atomic.Int32
}

// New checks cfg, reporting every problem at once, and wires an Engine.
func New(cfg Config) (*Engine, error) {
	catalog, err := cfg.check()
	if err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	e := &Engine{Access: access.New(cfg.Permissions), cfg: cfg, kinds: &jobs.Registry{}, running: &atomic.Int32{}}
	e.recall = recall.New(recall.Config{Cache: cfg.Cache, WriteOnly: cfg.CacheWriteOnly, Log: cfg.Log, Now: cfg.Now, Sleep: cfg.Sleep})
	if cfg.Bell != nil {
		e.ringer = &ringer{bell: cfg.Bell, log: cfg.Log}
	}
	// The worker is made from a publisher of its own store: it never runs inside
	// a host's transaction. The use cases wake it once there is one.
	pub := e.wire(cfg.Store, catalog, e.Wake)
	e.worker = publish.NewWorker(publish.WorkerConfig{
		Store: cfg.Store, Publisher: pub, Log: cfg.Log, Now: cfg.Now,
		Owner: cfg.Worker.Owner, Concurrency: cfg.Worker.Concurrency, Lease: cfg.Worker.Lease,
		Poll: cfg.Worker.Poll, PollNow: e.poll, Grace: cfg.Worker.Grace, Providers: cfg.Worker.Providers,
	})
	e.planner = plan.New(plan.Config{Expand: e.Posts.Expand, Booked: e.worker.Wake, Log: cfg.Log, Now: cfg.Now})
	e.care = e.Channels.Credentials()
	if err := errors.Join(e.kinds.Add(e.useCaseKinds()...), e.kinds.Add(cfg.Jobs...)); err != nil {
		return nil, fmt.Errorf("core: %w", err)
	}
	if e.side, err = newSide(cfg, e.kinds, e.poll); err != nil {
		return nil, fmt.Errorf("core: %w", err)
	}
	return e, nil
}

// check reports everything that is wrong with c.
func (c Config) check() (*channel.Catalog, error) {
	var errs []error
	need := func(missing bool, name string) {
		if missing {
			errs = append(errs, fmt.Errorf("core: Config.%s is required", name))
		}
	}
	need(c.Store == nil, "Store")
	need(c.Blobs == nil, "Blobs")
	need(c.Sealer == nil, "Sealer")
	need(len(c.Providers) == 0, "Providers")
	switch c.Registration {
	case "", RegistrationOpen, RegistrationFirst, RegistrationClosed:
	default:
		errs = append(errs, fmt.Errorf("core: Config.Registration is %q; it must be open, first or closed", c.Registration))
	}
	switch c.Worker.Only {
	case "", WorkDeliveries, WorkJobs:
	default:
		errs = append(errs, fmt.Errorf("core: Config.Worker.Only is %q; it must be deliveries, jobs or empty", c.Worker.Only))
	}
	errs = append(errs, checkIdentities(c.Identities), c.Mail.check(c.RequireVerification))
	catalog, err := channel.NewCatalog(c.Providers)
	if err != nil {
		errs = append(errs, fmt.Errorf("core: %w", err))
	}
	return catalog, errors.Join(errs...)
}

// checkIdentities reports services that addresses could not tell apart.
func checkIdentities(list []identity.Provider) error {
	var errs []error
	seen := map[string]bool{}
	for _, p := range list {
		id := p.Descriptor().ID
		switch {
		case !identity.ValidID(id):
			errs = append(errs, fmt.Errorf("core: Config.Identities has one with the id %q, which cannot be one", id))
		case seen[id]:
			errs = append(errs, fmt.Errorf("core: Config.Identities has two with the id %q", id))
		}
		seen[id] = true
	}
	return errors.Join(errs...)
}

func (c Config) withDefaults() Config {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.NewID == nil {
		c.NewID = func() string { return NewID(c.Now()) }
	}
	if c.MaxUpload <= 0 {
		c.MaxUpload = DefaultMaxUpload
	}
	if c.Registration == "" {
		c.Registration = RegistrationOpen
	}
	if c.Permissions == nil {
		c.Permissions = permit.Default()
	}
	if c.Worker.Owner == "" {
		c.Worker.Owner = c.NewID()
	}
	if c.Sleep == nil {
		c.Sleep = func(ctx context.Context, d time.Duration) bool { return delay.For(ctx, d, nil) }
	}
	if c.Worker.Poll <= 0 {
		c.Worker.Poll = defaultPoll
	}
	c.Mail = c.Mail.withDefaults()
	return c
}

// wire makes the use cases over st.
func (e *Engine) wire(st store.Store, catalog *channel.Catalog, wake func()) *publish.Publisher {
	c := e.cfg
	j := journal.New(c.NewID)
	e.Jobs = jobs.New(jobs.Config{
		Store: st, Access: e.Access, Kinds: e.kinds, Log: c.Log, Now: c.Now, NewID: c.NewID, Owner: c.Worker.Owner, Wake: wake,
	})
	e.mail = c.Mail.service(c, e.Jobs)
	e.Audit = audit.New(audit.Config{Store: st, Access: e.Access, Now: c.Now, NewID: c.NewID})
	e.Keys = apikey.New(apikey.Config{Store: st, Access: e.Access, Audit: e.Audit, Recall: e.recall, Log: c.Log, Now: c.Now, NewID: c.NewID})
	e.Accounts = account.New(account.Config{
		Store: st, Access: e.Access, Audit: e.Audit, Recall: e.recall, Hasher: c.Hasher, Registration: c.Registration, Identities: c.Identities, Sealer: c.Sealer,
		Mail: e.mail, MailToLog: c.Mail.ToLog, RequireVerification: c.RequireVerification, PublicURL: c.Mail.URL, Jobs: e.Jobs, Wake: wake,
		Now: c.Now, NewID: c.NewID,
	})
	e.notify = e.notices(st, catalog)
	j.Watch(e.notify.Watch)
	e.Replays = replay.New(replay.Config{Store: st, Now: c.Now, NewID: c.NewID})
	e.Channels = channel.New(channel.Config{
		Store: st, Access: e.Access, Audit: e.Audit, Sealer: c.Sealer, Catalog: catalog, Tokens: c.Tokens, Journal: j,
		Log: c.Log, Now: c.Now, NewID: c.NewID, LateWindow: c.Policy.LateWindow, Wake: wake,
		Owner: c.Worker.Owner, Sleep: c.Sleep, Providers: c.Worker.Providers, Concurrency: min(c.Worker.Concurrency, 32),
	})
	e.Media = media.New(media.Config{
		Store: st, Access: e.Access, Blobs: c.Blobs, Journal: j, Log: c.Log, Now: c.Now, NewID: c.NewID,
		MaxBytes: c.MaxUpload, PublicURL: c.MediaURL,
	})
	var expand domain.Expand
	if c.Recur != nil {
		expand = c.Recur.Expand
	}
	invites := e.mail
	if c.Mail.ToLog {
		invites = nil
	}
	e.Team = team.New(team.Config{
		Mail: invites, PublicURL: c.Mail.URL,
		Store: st, Access: e.Access, Audit: e.Audit, Recall: e.recall, Accounts: e.Accounts, Journal: j, Now: c.Now, NewID: c.NewID,
		Jobs: e.Jobs, DeleteFiles: e.Media.DeleteAll, Wake: wake,
	})
	e.after = after.New(after.Config{
		Store: st, Catalog: catalog, Credentials: e.Channels.Credentials(), Jobs: e.Jobs, Journal: j,
		Log: c.Log, Now: c.Now, NewID: c.NewID, Wake: wake,
	})
	e.Posts = compose.New(compose.Config{
		Store: st, Access: e.Access, Audit: e.Audit, Catalog: catalog, Media: e.Media, Journal: j, Log: c.Log, Now: c.Now, NewID: c.NewID,
		Expand: expand, LateWindow: c.Policy.LateWindow, Published: e.after.Book, Wake: wake,
	})
	e.Doctor = doctor.New(doctor.Config{
		Access: e.Access, Channels: e.Channels, HTTP: c.Setup.HTTP, Setups: c.Setup.Platforms, PublicURL: c.Setup.PublicURL, Now: c.Now,
	})
	e.Insight = insight.New(insight.Config{Channels: e.Channels, Posts: e.Posts})
	e.Pauses = pause.New(pause.Config{Store: st, Access: e.Access, Audit: e.Audit, Journal: j, Now: c.Now, LateWindow: c.Policy.LateWindow, Wake: wake})
	return publish.NewPublisher(publish.Config{
		Store: st, Catalog: catalog, Credentials: e.Channels.Credentials(), Media: e.Media, Journal: j,
		Budget: pace.New(pace.Config{Store: st, Now: c.Now}),
		Log:    c.Log, Now: c.Now, NewID: c.NewID, Policy: c.Policy, Published: e.after.Book, Rand: c.Rand, Sleep: c.Sleep,
	})
}

// notices is who tells people by mail. Without mail that reaches them, it is
// silent.
func (e *Engine) notices(st store.Store, catalog *channel.Catalog) *notify.Service {
	c := e.cfg
	cfg := notify.Config{
		Store: st, Mail: e.mail, Jobs: e.Jobs, URL: c.Mail.URL, Now: c.Now, NewID: c.NewID,
		NameOf: func(id domain.ProviderID) string {
			if pf, err := catalog.Get(id); err == nil {
				return pf.Descriptor.Name
			}
			return string(id)
		},
	}
	if c.Mail.ToLog {
		cfg.Mail = nil
	}
	return notify.New(cfg)
}

// useCaseKinds are the side jobs of the use cases: one line for each.
func (e *Engine) useCaseKinds() []jobs.Kind {
	return slices.Concat(e.after.Kinds(), e.Team.Kinds(), e.mail.Kinds(), e.notify.Kinds(), e.Accounts.Kinds())
}

// On returns an Engine whose use cases work on st instead, such as a store that
// joined the host's own transaction: what they do is kept or lost with it. Its
// Run and Tick are those of e. Call Wake after the commit to have workers look
// at once; without it, they look within their poll, which is five times as long
// while rings are heard.
func (e *Engine) On(st store.Store) *Engine {
	out := *e
	out.recall = e.recall.Joined()
	out.wire(st, e.Channels.Catalog(), e.wakeHere)
	return &out
}

// Run publishes what is due, books the occurrences of posts that recur, renews
// the credentials of channels ahead of their end, and runs side jobs, until ctx
// ends; then it lets the calls under way finish and returns nil. Any number of
// processes may run at once on one store.
func (e *Engine) Run(ctx context.Context) error {
	e.running.Add(1)
	defer e.running.Add(-1)
	var beside sync.WaitGroup
	defer beside.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	if e.cfg.Bell != nil {
		beside.Go(func() { e.cfg.Bell.Listen(ctx, e.wakeHere) })
	}
	if e.side != nil {
		beside.Go(func() { e.side.run(ctx) })
	}
	if !e.publishes() {
		<-ctx.Done()
		return nil
	}
	beside.Go(func() { e.planner.Run(ctx) })
	beside.Go(func() { e.care.Run(ctx) })
	return e.worker.Run(ctx)
}

func (e *Engine) publishes() bool { return e.cfg.Worker.Only != WorkJobs }

// poll is how long workers sleep at most just now.
func (e *Engine) poll() time.Duration {
	if e.cfg.Bell != nil && e.running.Load() > 0 && e.cfg.Bell.Ready() == nil {
		return heardPolls * e.cfg.Worker.Poll
	}
	return e.cfg.Worker.Poll
}

// Tick publishes what is due now, books the occurrences of posts that recur,
// renews the credentials that are to be renewed, runs the side jobs that are due, and returns how many deliveries it took, and
// when to call it again: the zero time if nothing is scheduled. It is for hosts
// that cannot keep a loop running.
func (e *Engine) Tick(ctx context.Context) (int, time.Time, error) {
	var n int
	var next, expand, care, job time.Time
	var err, unbooked, unrenewed, failed, unread error
	if e.side != nil {
		failed = e.side.tick(ctx) // first, for it may book deliveries
	}
	if e.publishes() {
		expand, unbooked = e.Posts.Expand(ctx)
		n, next, err = e.worker.Tick(ctx)
		care, unrenewed = e.care.RenewDue(ctx, e.cfg.Now())
	}
	if e.side != nil {
		job, unread = e.side.next(ctx) // last, for what was published may be watched
	}
	return n, earliest(next, expand, care, job), errors.Join(err, unbooked, unrenewed, failed, unread)
}

// earliest is the first of times, without those that are zero.
func earliest(times ...time.Time) time.Time {
	var out time.Time
	for _, t := range times {
		if out.IsZero() || !t.IsZero() && t.Before(out) {
			out = t
		}
	}
	return out
}

// Wake has workers look at the schedule now: the one of this process, if it
// runs, and through the bell those of others. It never blocks. The use cases
// call it themselves, except for those of On.
func (e *Engine) Wake() {
	e.wakeHere()
	if e.ringer != nil {
		e.ringer.Ring()
	}
}

func (e *Engine) wakeHere() {
	e.worker.Wake()
	e.planner.Wake()
	if e.side != nil {
		e.side.runner.Wake()
	}
}

// Ready returns nil if posts can be taken in and go out: the store answers, the
// worker of this process (if it runs one) can claim, and nothing that is due
// lies around unclaimed.
func (e *Engine) Ready(ctx context.Context) error {
	if err := e.cfg.Store.Ping(ctx); err != nil {
		return fmt.Errorf("the store does not answer: %w", err)
	}
	if e.running.Load() > 0 && e.publishes() {
		if err := e.worker.Ready(); err != nil {
			return fmt.Errorf("the worker cannot claim: %w", err)
		}
	}
	next, err := e.cfg.Store.Deliveries().NextWake(ctx)
	if err != nil {
		return fmt.Errorf("the schedule cannot be read: %w", err)
	}
	if late := e.cfg.Now().Sub(next); !next.IsZero() && late > overdue {
		return fault.New(fault.Unavailable, "no_worker",
			"Something has been due for %s and no worker has taken it.", late.Round(time.Second))
	}
	if next, err = e.cfg.Store.Posts().NextExpand(ctx); err != nil {
		return fmt.Errorf("the posts that recur cannot be read: %w", err)
	}
	if late := e.cfg.Now().Sub(next); !next.IsZero() && late > overdue {
		return fault.New(fault.Unavailable, "no_planner",
			"Occurrences should have been booked %s ago and no worker has done it.", late.Round(time.Second))
	}
	return nil
}

// Degraded returns nil, or what does not work although posts go out in time:
// workers in other processes cannot be woken, and so look by themselves.
func (e *Engine) Degraded() error {
	if e.cfg.Bell == nil {
		return nil
	}
	return e.cfg.Bell.Ready()
}

// NewVault returns what the provider with id may keep secrets in, for the
// social.Deps that it is built with.
func NewVault(st store.Store, sealer seal.Sealer, id domain.ProviderID) social.Vault {
	return vault.New(st.Secrets(), sealer, id)
}
