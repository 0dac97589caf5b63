// Package after books what is to follow once a post is out: comments and
// reposts, at once, after a while, or when it has enough likes. Each is a
// delivery of its own, so it is never sent twice either; nothing here ever
// changes the delivery that it follows. See docs/after-publishing.md.
package after

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/crierhq/crier/core/channel"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/core/jobs"
	"github.com/crierhq/crier/core/journal"
	"github.com/crierhq/crier/ports/queue"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/ports/store"
)

// KindLikes is the kind of the side job that counts likes.
const KindLikes = "after.likes"

const (
	// minLook and maxLook bound the wait between two counts of likes.
	minLook = 15 * time.Minute
	maxLook = 6 * time.Hour
)

// Config is what the service needs. All fields are required.
type Config struct {
	Store       store.Store
	Catalog     *channel.Catalog
	Credentials *channel.Credentials
	// Jobs enqueues within a transaction; see jobs.Service.Within.
	Jobs interface {
		Within(ctx context.Context, r store.Repos, js ...domain.Job) error
	}
	Journal *journal.Journal
	Log     *slog.Logger
	Now     func() time.Time
	NewID   func() string
	// Wake tells workers that there may be something to do.
	Wake func()
}

// Service books what follows.
type Service struct{ cfg Config }

// New returns a Service.
func New(cfg Config) *Service { return &Service{cfg: cfg} }

// watch is what the job of one rule on one delivery knows; its names never
// change.
type watch struct {
	Post     domain.PostID     `json:"post"`
	Delivery domain.DeliveryID `json:"delivery"`
	Rule     int               `json:"rule"`
	// The rule, as it was when the delivery went out.
	Do      domain.Action    `json:"do"`
	Channel domain.ChannelID `json:"channel,omitempty"`
	Delay   time.Duration    `json:"delay,omitempty"` // nanoseconds
	Likes   int              `json:"likes"`
	Watch   time.Duration    `json:"watch,omitempty"` // nanoseconds
	Text    string           `json:"text,omitempty"`
	Format  domain.Format    `json:"format,omitempty"`
}

func (w watch) rule() domain.After {
	return domain.After{Do: w.Do, Channel: w.Channel, Delay: w.Delay, Likes: w.Likes, Watch: w.Watch, Text: w.Text, Format: w.Format}
}

// Book books what is to follow d, a delivery of p that has just been recorded as
// published, within the transaction of r that records it. It may be repeated,
// and does nothing for a delivery that itself follows another one.
func (s *Service) Book(ctx context.Context, r store.Repos, p domain.Post, d domain.Delivery) error {
	if d.Follows != "" || len(p.After) == 0 {
		return nil
	}
	for i, a := range p.After {
		applies, err := s.applies(ctx, r, a, d)
		if err != nil {
			return err
		}
		if !applies {
			continue
		}
		if a.Likes == 0 {
			err = s.insert(ctx, r, p, d, i, a, domain.Instant(s.cfg.Now()).Add(a.Delay))
		} else {
			err = s.enqueue(ctx, r, d, i, a)
		}
		if err != nil {
			return fmt.Errorf("book what follows delivery %s: %w", d.ID, err)
		}
	}
	return nil
}

// applies reports whether the channel that a names is of the platform of d.
func (s *Service) applies(ctx context.Context, r store.Repos, a domain.After, d domain.Delivery) (bool, error) {
	if a.By(d) == d.Channel {
		return true, nil
	}
	ch, err := r.Channels().Get(ctx, d.Organization, a.By(d))
	if errors.Is(err, fault.ErrNotFound) {
		return false, nil
	}
	return err == nil && ch.Provider == d.Provider, err
}

// insert books one delivery, unless it is there already.
func (s *Service) insert(ctx context.Context, r store.Repos, p domain.Post, d domain.Delivery, rule int, a domain.After, due time.Time) error {
	now := domain.Instant(s.cfg.Now())
	next := p.Following(domain.DeliveryID(s.cfg.NewID()), d, rule, a, due, now)
	switch err := r.Deliveries().Insert(ctx, d.Organization, next); {
	case errors.Is(err, fault.ErrConflict):
		return nil
	case err != nil:
		return err
	}
	return s.cfg.Journal.Append(ctx, r, journal.Delivery(next, now))
}

func (s *Service) enqueue(ctx context.Context, r store.Repos, d domain.Delivery, rule int, a domain.After) error {
	raw, err := json.Marshal(watch{
		Post: d.Post, Delivery: d.ID, Rule: rule, Do: a.Do, Channel: a.Channel, Delay: a.Delay, Likes: a.Likes, Watch: a.Watch,
		Text: a.Text, Format: a.Format,
	})
	if err != nil {
		return err
	}
	return s.cfg.Jobs.Within(ctx, r, domain.Job{
		Organization: d.Organization, Kind: KindLikes, Key: string(d.ID) + "." + strconv.Itoa(rule),
		Payload: raw, RunAt: domain.Instant(s.cfg.Now()).Add(minLook),
	})
}

// Kinds are the side jobs of this package.
func (s *Service) Kinds() []jobs.Kind {
	return []jobs.Kind{{
		Name: KindLikes, Do: s.countLikes,
		Policy: queue.Policy{MaxAttempts: 10, Backoff: time.Minute, MaxBackoff: time.Hour, Timeout: 5 * time.Minute},
	}}
}

// countLikes looks at the likes of what was published, and books what follows
// once there are enough.
func (s *Service) countLikes(ctx context.Context, j domain.Job) error {
	var w watch
	if err := json.Unmarshal(j.Payload, &w); err != nil {
		return queue.Discard(fmt.Errorf("its payload cannot be read: %w", err))
	}
	p, d, err := s.watched(ctx, s.cfg.Store, j.Organization, w)
	now := domain.Instant(s.cfg.Now())
	until := w.rule().Until(d.Out())
	switch {
	case errors.Is(err, errOver):
		return nil
	case err != nil:
		return err
	case now.After(until):
		return nil
	}
	likes, wait, err := s.likes(ctx, d)
	switch {
	case err != nil:
		return err
	case likes >= int64(w.Likes):
		return s.reached(ctx, p, w)
	default:
		return queue.Snooze(max(wait, min(next(now.Sub(d.Out())), max(until.Sub(now), time.Second))))
	}
}

// next is how long to wait for the next count of the likes of what has been out
// for age.
func next(age time.Duration) time.Duration { return min(max(age/4, minLook), maxLook) }

// errOver says that there is nothing to watch any more.
var errOver = errors.New("the watching has ended")

// watched reads the delivery that is watched and its post.
func (s *Service) watched(ctx context.Context, r store.Repos, org domain.OrganizationID, w watch) (domain.Post, domain.Delivery, error) {
	p, err := r.Posts().Get(ctx, org, w.Post)
	if errors.Is(err, fault.ErrNotFound) || err == nil && p.State == domain.PostDeleted {
		return p, domain.Delivery{}, errOver
	}
	if err != nil {
		return p, domain.Delivery{}, err
	}
	d, err := r.Deliveries().Get(ctx, org, w.Delivery)
	if errors.Is(err, fault.ErrNotFound) || err == nil && d.Out().IsZero() {
		return p, d, errOver
	}
	return p, d, err
}

// likes asks the platform. Where it does not tell just now, it returns how long
// to wait at least. What will never be told is a dead letter for people to see;
// a channel is never parked for it.
func (s *Service) likes(ctx context.Context, d domain.Delivery) (n int64, wait time.Duration, err error) {
	ch, err := s.cfg.Store.Channels().Get(ctx, d.Organization, d.Channel)
	if err != nil {
		return 0, 0, err
	}
	pf, err := s.cfg.Catalog.Get(d.Provider)
	if err != nil || ch.State != domain.ChannelActive {
		return 0, minLook, nil //nolint:nilerr // it may be set up again
	}
	if pf.Can.Meter == nil {
		return 0, 0, queue.Discard(errors.New("the platform does not tell how many likes a post has"))
	}
	m, err := channel.Ask(ctx, s.cfg.Credentials, ch, func(ctx context.Context, t social.Target) (social.Metrics, error) {
		return pf.Can.Meter.Metrics(ctx, t, *d.Parts[0].Ref)
	})
	if err == nil {
		return m[social.MetricLikes], 0, nil
	}
	e := social.AsError(err)
	switch e.Code {
	case social.CodeRejected, social.CodeUnsupported, social.CodeScopeMissing:
		return 0, 0, queue.Discard(fmt.Errorf("the likes cannot be counted: %w", e))
	default:
		s.cfg.Log.InfoContext(ctx, "likes could not be counted; this is tried again", "delivery", d.ID, "error", e)
		return 0, max(e.RetryAfter, minLook), nil
	}
}

// reached books what follows, in one transaction, unless the post was deleted
// meanwhile. It may be repeated.
func (s *Service) reached(ctx context.Context, p domain.Post, w watch) error {
	err := s.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error {
		// Whoever deletes the post waits for us, or we for them.
		if _, err := r.Posts().Update(ctx, p.Organization, p.ID, func(*domain.Post) error { return nil }); err != nil {
			return err
		}
		p, d, err := s.watched(ctx, r, p.Organization, w)
		if err != nil {
			return err
		}
		return s.insert(ctx, r, p, d, w.Rule, w.rule(), domain.Instant(s.cfg.Now()).Add(w.Delay))
	})
	if errors.Is(err, errOver) || errors.Is(err, fault.ErrNotFound) {
		return nil
	}
	if err == nil {
		s.cfg.Wake()
	}
	return err
}
