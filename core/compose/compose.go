// Package compose is writing posts: drafting, checking them against every
// channel's limits, booking, editing and withdrawing them. It says when a post
// is due; core/publish carries it out.
package compose

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/crierhq/crier/core/access"
	"github.com/crierhq/crier/core/audit"
	"github.com/crierhq/crier/core/channel"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/core/journal"
	"github.com/crierhq/crier/core/media"
	"github.com/crierhq/crier/ports/permit"
	"github.com/crierhq/crier/ports/store"
)

// maxHistory is how many events of a post Get returns, the newest ones.
const maxHistory = 200

// When says what is to become of a post.
type When string

// The choices.
const (
	Draft When = "draft" // keep it, publish nothing
	Now   When = "now"   // publish at once
	At    When = "at"    // publish at Input.Time
	Queue When = "queue" // publish on each channel in its next free slot
)

// Input is what an author wrote.
type Input struct {
	// ID names a new post, so that it cannot be made twice: one that is there is
	// a Conflict. Empty: a new id. Update does not read it.
	ID      domain.PostID
	Items   []domain.Item
	Targets []domain.Target
	When    When
	// Time is RFC 3339, or local time without an offset. Required with At; with
	// Draft it is kept as a plan.
	Time string
	// Zone is the IANA zone that a local Time is read in. Empty: the
	// organization's.
	Zone string
	// Recurrence repeats it, begun at Time. Its Zone and Anchor are not read:
	// they are the Zone and Time above. Nil: it is published once.
	Recurrence *domain.Recurrence
	Tags       []string
	// Review asks those who may approve to look at it before it is published,
	// even where the organization does not require that.
	Review bool
	// After is what is to follow once it is out.
	After []domain.After
}

// View is a post with what became of it.
type View struct {
	Post       domain.Post
	Summary    domain.Summary
	Deliveries []domain.Delivery
	// Following are the deliveries that follow one of Deliveries: what the rules
	// of Post.After have come to so far.
	Following []domain.Delivery
	// Attempts and Events, the ledger and the history, are filled by Get only.
	Attempts []domain.Attempt
	Events   []domain.Event
}

// Config is what the service needs. All fields but Expand, LateWindow and
// Published are required.
type Config struct {
	Store   store.Store
	Access  *access.Checker
	Audit   *audit.Log
	Catalog *channel.Catalog
	Media   *media.Service
	Journal *journal.Journal
	Log     *slog.Logger
	Now     func() time.Time
	// Expand works recurrence rules out. Nil: posts cannot be repeated.
	Expand domain.Expand
	NewID  func() string
	// LateWindow holds where an organization sets nothing; zero: the default.
	LateWindow time.Duration
	// Published is called in the transaction in which a person says that a
	// delivery is out after all; see publish.Config. It may be nil.
	Published func(ctx context.Context, r store.Repos, p domain.Post, d domain.Delivery) error
	// Wake tells workers that there may be something to do.
	Wake func()
}

// Service composes posts.
type Service struct{ cfg Config }

// New returns a Service.
func New(cfg Config) *Service { return &Service{cfg: cfg} }

// Validate reports every problem that Create would refuse in with, and saves
// nothing.
func (s *Service) Validate(ctx context.Context, a domain.Actor, in Input) ([]fault.Problem, error) {
	if err := s.cfg.Access.Check(a, permit.Posts, permit.Read); err != nil {
		return nil, err
	}
	_, problems, err := s.plan(ctx, s.cfg.Store, a, in)
	return problems, err
}

// Create saves a post and, unless it is a draft, books a delivery on each of
// its channels. Either all of it is kept or nothing. Errors: Invalid with all
// problems.
func (s *Service) Create(ctx context.Context, a domain.Actor, in Input) (View, error) {
	if err := s.cfg.Access.Check(a, permit.Posts, permit.Create); err != nil {
		return View{}, err
	}
	var out View
	err := s.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error {
		pl, err := s.checked(ctx, r, a, in)
		if err != nil {
			return err
		}
		post := domain.Post{
			ID: cmp.Or(in.ID, domain.PostID(s.cfg.NewID())), Organization: a.Organization, Author: a.User,
			CreatedAt: pl.now, Revision: 1, Version: 1,
		}
		if err := s.takeSlots(ctx, r, &pl, post, nil); err != nil {
			return err
		}
		pl.fill(&post)
		approval := pl.judge(a, &post, "")
		if err := r.Posts().Insert(ctx, a.Organization, post); err != nil {
			return err
		}
		if out, err = s.book(ctx, r, domain.Post{}, post, nil, pl); err != nil {
			return err
		}
		return s.tellApproval(ctx, r, post, approval, pl.now)
	})
	if err != nil {
		return View{}, fmt.Errorf("create post: %w", err)
	}
	s.cfg.Wake()
	return out, nil
}

// Update replaces what the author wrote. It wins until a change is on its way
// to a platform: then it is a Conflict fault "too_late". version, if not 0, must
// be the post's version, or the answer is a Stale fault.
func (s *Service) Update(ctx context.Context, a domain.Actor, id domain.PostID, version int, in Input) (View, error) {
	if err := s.cfg.Access.Check(a, permit.Posts, permit.Update); err != nil {
		return View{}, err
	}
	var out View
	err := s.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error {
		was, deliveries, following, err := s.open(ctx, r, a, id, version)
		if err != nil {
			return err
		}
		pl, err := s.checked(ctx, r, a, in)
		if err != nil {
			return err
		}
		if in.When == Draft && !was.Recurs() && anyOut(deliveries) {
			return tooLate("part of it is out already, so it cannot become a draft again")
		}
		if err := s.takeSlots(ctx, r, &pl, was, deliveries); err != nil {
			return err
		}
		var approval domain.EventKind
		post, err := r.Posts().Update(ctx, a.Organization, id, func(p *domain.Post) error {
			before := p.ContentHash()
			pl.fill(p)
			approval = pl.judge(a, p, before)
			p.Revision++
			return nil
		})
		if err != nil {
			return err
		}
		if out, err = s.book(ctx, r, was, post, deliveries, pl); err != nil {
			return err
		}
		out.Following = following
		return s.tellApproval(ctx, r, post, approval, pl.now)
	})
	if err != nil {
		return View{}, fmt.Errorf("update post %s: %w", id, err)
	}
	s.cfg.Wake()
	return out, nil
}

// checked is plan for an Input that must have no problems.
func (s *Service) checked(ctx context.Context, r store.Repos, a domain.Actor, in Input) (plan, error) {
	pl, problems, err := s.plan(ctx, r, a, in)
	if err == nil {
		err = fault.Check(problems)
	}
	return pl, err
}

// open locks a post that may be edited and lists its deliveries. An edit changes
// those that publish it, and none that follow.
func (s *Service) open(ctx context.Context, r store.Repos, a domain.Actor, id domain.PostID, version int) (p domain.Post, own, following []domain.Delivery, err error) {
	if p, err = s.lock(ctx, r, a, permit.Update, id, version); err != nil {
		return p, nil, nil, err
	}
	if p, err = s.bookMissed(ctx, r, p, domain.Instant(s.cfg.Now())); err != nil {
		return p, nil, nil, err
	}
	all, err := r.Deliveries().OfPosts(ctx, a.Organization, id)
	if err != nil {
		return p, nil, nil, err
	}
	own, following = domain.Own(all)
	return p, own, following, editable(p, own)
}

// lock loads a post that the actor may do act to and keeps others from changing it
// until the transaction ends.
func (s *Service) lock(ctx context.Context, r store.Repos, a domain.Actor, act permit.Action, id domain.PostID, version int) (domain.Post, error) {
	p, err := r.Posts().Update(ctx, a.Organization, id, func(p *domain.Post) error {
		if p.State == domain.PostDeleted || !a.Reach.CoversPost(*p) {
			return fault.ErrNotFound
		}
		if err := s.cfg.Access.CheckOwned(a, permit.Posts, act, p.Author); err != nil {
			return err
		}
		if version != 0 && p.Version != version {
			return &fault.Error{Kind: fault.Stale, Code: "stale", Message: "The post was changed since you read it. Read it again first."}
		}
		return nil
	})
	if errors.Is(err, &fault.Error{Kind: fault.NotFound}) {
		return p, fault.Missing("post")
	}
	return p, err
}

func tooLate(why string) error {
	return fault.New(fault.Conflict, "too_late", "It is too late to change this post: %s.", why)
}

// editable refuses a change while something is on its way, and when there is
// nothing left to change. There always is of a post that recurs.
func editable(p domain.Post, ds []domain.Delivery) error {
	open := len(ds) == 0 || p.Recurs() || p.State == domain.PostDraft
	for _, d := range ds {
		switch {
		case d.Occurrence != "" || p.Recurs():
		case d.Editable() || d.State == domain.DeliveryCanceled:
			open = true
		case d.State == domain.DeliveryPublished:
		case d.State == domain.DeliveryUnknown:
			return tooLate("it may be out on a channel; say first whether it is")
		case d.State == domain.DeliveryFailed:
			return tooLate("a part of its thread is out; try the rest again instead")
		default:
			return tooLate("it is on its way")
		}
	}
	if !open {
		return tooLate("it is out already")
	}
	return nil
}

func anyOut(ds []domain.Delivery) bool {
	for _, d := range ds {
		if d.Begun() && d.Occurrence == "" {
			return true
		}
	}
	return false
}

// book brings the deliveries of a post in line with what its author wants:
// those of channels that stay are moved, those of channels that went are
// canceled, new channels get one. What is out stays as it is. was is the post
// before.
func (s *Service) book(ctx context.Context, r store.Repos, was, p domain.Post, old []domain.Delivery, pl plan) (View, error) {
	before := domain.Summarize(p.State, p.Standing(old))
	occurrences, once, err := s.occurrencesOf(ctx, r, was, p, old, pl.now)
	if err != nil {
		return View{}, err
	}
	b := &series{s: s, r: r, p: p, was: was, now: pl.now, channels: pl.channels}
	if err := b.edit(ctx, occurrences); err != nil {
		return View{}, err
	}
	if err := b.editOnce(ctx, once, pl); err != nil {
		return View{}, err
	}
	v := View{Post: p, Deliveries: inOrder(b.all), Summary: domain.Summarize(p.State, p.Standing(b.all))}
	kind := domain.PostEvent(v.Summary)
	switch {
	case p.State == domain.PostDraft:
		kind = domain.EventPostDrafted
	case len(old) > 0 && v.Summary == before:
		kind = domain.EventPostEdited
	}
	return v, s.cfg.Journal.Append(ctx, r, append(b.entries, journal.Post(p, kind, v.Summary, pl.now))...)
}

// inOrder puts the deliveries of a post in the order of views.
func inOrder(ds []domain.Delivery) []domain.Delivery {
	slices.SortStableFunc(ds, func(a, b domain.Delivery) int {
		return cmp.Or(a.DueAt.Compare(b.DueAt), cmp.Compare(a.ID, b.ID))
	})
	return ds
}

// editOnce brings the deliveries that are no occurrences in line.
func (b *series) editOnce(ctx context.Context, old []domain.Delivery, pl plan) error {
	once := b.p.State == domain.PostScheduled && !b.p.Recurs()
	have := map[domain.ChannelID]bool{}
	for _, d := range old {
		_, wanted := b.p.Target(d.Channel)
		wanted = wanted && once
		var err error
		switch {
		case d.State == domain.DeliveryCanceled:
			b.all = append(b.all, d)
		case d.State == domain.DeliveryPublished:
			have[d.Channel] = true
			b.all = append(b.all, d)
		case wanted:
			have[d.Channel] = true
			err = b.change(ctx, d, func(d *domain.Delivery) error {
				return d.Reschedule(pl.dueOn(d.Channel), b.p.Revision, len(b.p.ItemsFor(d.Channel)), b.now)
			})
		default:
			err = b.withdraw(ctx, d)
		}
		if err != nil {
			return err
		}
	}
	if !once {
		return nil
	}
	var fresh []domain.Delivery
	for _, t := range b.p.Targets {
		if !have[t.Channel] {
			fresh = append(fresh, b.s.delivery(b.p, t.Channel, b.channels[t.Channel].Provider, pl.dueOn(t.Channel), b.now))
		}
	}
	return b.insert(ctx, fresh)
}

// delivery makes a delivery of p that waits for due.
func (s *Service) delivery(p domain.Post, ch domain.ChannelID, provider domain.ProviderID, due, now time.Time) domain.Delivery {
	return domain.Delivery{
		ID: domain.DeliveryID(s.cfg.NewID()), Organization: p.Organization, Post: p.ID,
		Channel: ch, Provider: provider, State: domain.DeliveryScheduled,
		DueAt: due, WakeAt: due, Revision: p.Revision, Parts: make([]domain.Part, len(p.ItemsFor(ch))),
		CreatedAt: now, UpdatedAt: now, Version: 1,
	}
}

// Delete withdraws a post: nothing of it that has not gone out will. What is out
// on a platform stays there. While a change is on its way it is a Conflict.
func (s *Service) Delete(ctx context.Context, a domain.Actor, id domain.PostID, version int) error {
	if err := s.cfg.Access.Check(a, permit.Posts, permit.Delete); err != nil {
		return err
	}
	now := domain.Instant(s.cfg.Now())
	err := s.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error {
		if _, err := s.lock(ctx, r, a, permit.Delete, id, version); err != nil {
			return err
		}
		deliveries, err := r.Deliveries().OfPosts(ctx, a.Organization, id)
		if err != nil {
			return err
		}
		for _, d := range deliveries {
			if err := s.withdraw(ctx, r, d, now); err != nil {
				return err
			}
		}
		post, err := r.Posts().Update(ctx, a.Organization, id, func(p *domain.Post) error { return p.Delete(now) })
		if err != nil {
			return err
		}
		if err := s.cfg.Audit.Append(ctx, r, a, audit.Post(post, domain.EventPostDeleted)); err != nil {
			return err
		}
		return s.cfg.Journal.Append(ctx, r, journal.Post(post, domain.EventPostDeleted, domain.SummaryDeleted, now))
	})
	if err != nil {
		return fmt.Errorf("delete post %s: %w", id, err)
	}
	return nil
}

// withdraw cancels a delivery that nothing was sent of, stops a thread between
// two items, leaves alone what has ended, and refuses while a change is on its
// way.
func (s *Service) withdraw(ctx context.Context, r store.Repos, d domain.Delivery, now time.Time) error {
	if d.State == domain.DeliveryPublished || d.State == domain.DeliveryCanceled ||
		d.State == domain.DeliveryFailed && d.Begun() || d.State == domain.DeliveryUnknown {
		return nil
	}
	out, err := r.Deliveries().Update(ctx, d.Organization, d.ID, func(d *domain.Delivery) error {
		if d.State == domain.DeliveryPublishing && d.Begun() && d.Open == "" {
			return d.Fail(domain.Reason{Code: "withdrawn", Message: "The post was deleted before the rest of its thread was out."}, now)
		}
		return d.Cancel(now)
	})
	if err != nil {
		return err
	}
	return s.cfg.Journal.Append(ctx, r, journal.Delivery(out, now))
}

// TryAgain takes up the deliveries of a post that failed or were missed. The
// ones that are out, unknown or waiting are left alone, and so are, of a post
// that recurs, those of earlier occurrences: they would all go out at once.
func (s *Service) TryAgain(ctx context.Context, a domain.Actor, id domain.PostID) (View, error) {
	if err := s.cfg.Access.Check(a, permit.Posts, permit.Update); err != nil {
		return View{}, err
	}
	now := domain.Instant(s.cfg.Now())
	err := s.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error {
		p, err := s.lock(ctx, r, a, permit.Update, id, 0)
		if err != nil {
			return err
		}
		deliveries, err := r.Deliveries().OfPosts(ctx, a.Organization, id)
		if err != nil {
			return err
		}
		n := 0
		for _, d := range latestFailed(deliveries) {
			n++
			if err := s.again(ctx, r, p, d, now); err != nil {
				return err
			}
		}
		if n == 0 {
			return fault.New(fault.Conflict, "nothing_to_retry", "Nothing of this post failed or was missed.")
		}
		return nil
	})
	if err != nil {
		return View{}, fmt.Errorf("retry post %s: %w", id, err)
	}
	s.cfg.Wake()
	return s.Get(ctx, a, id)
}

// again takes up one delivery of p, which is locked, and tells of it. One of
// which nothing is out yet takes the content that the post has now, unless it
// follows another one.
func (s *Service) again(ctx context.Context, r store.Repos, p domain.Post, d domain.Delivery, now time.Time) error {
	d, err := r.Deliveries().Update(ctx, d.Organization, d.ID, func(d *domain.Delivery) error {
		if err := d.TryAgain(now); err != nil || d.Begun() || d.Follows != "" {
			return err
		}
		return d.Amend(p.Revision, len(p.ItemsFor(d.Channel)), now)
	})
	if err != nil {
		return err
	}
	return s.cfg.Journal.Append(ctx, r, journal.Delivery(d, now))
}

// latestFailed picks what failed or was missed, of occurrences the latest one.
func latestFailed(ds []domain.Delivery) []domain.Delivery {
	var out []domain.Delivery
	latest := ""
	for _, d := range ds {
		if d.State == domain.DeliveryFailed || d.State == domain.DeliveryMissed {
			out, latest = append(out, d), max(latest, d.Occurrence)
		}
	}
	return slices.DeleteFunc(out, func(d domain.Delivery) bool { return d.Occurrence != latest })
}

// Get returns a post with its deliveries and attempts, or a NotFound fault.
func (s *Service) Get(ctx context.Context, a domain.Actor, id domain.PostID) (View, error) {
	if err := s.cfg.Access.Check(a, permit.Posts, permit.Read); err != nil {
		return View{}, err
	}
	p, err := s.cfg.Store.Posts().Get(ctx, a.Organization, id)
	if errors.Is(err, fault.ErrNotFound) || err == nil && (p.State == domain.PostDeleted || !a.Reach.CoversPost(p)) {
		return View{}, fault.Missing("post")
	}
	if err != nil {
		return View{}, fmt.Errorf("post %s: %w", id, err)
	}
	views, err := s.views(ctx, a.Organization, []domain.Post{p})
	if err != nil {
		return View{}, fmt.Errorf("post %s: %w", id, err)
	}
	v := views[0]
	var ids []domain.DeliveryID
	for _, d := range slices.Concat(v.Deliveries, v.Following) {
		ids = append(ids, d.ID)
	}
	if len(ids) > 0 {
		if v.Attempts, err = s.cfg.Store.Attempts().OfDeliveries(ctx, a.Organization, ids...); err != nil {
			return View{}, fmt.Errorf("post %s: %w", id, err)
		}
	}
	if v.Events, err = s.cfg.Store.Outbox().OfPost(ctx, a.Organization, id, maxHistory); err != nil {
		return View{}, fmt.Errorf("post %s: %w", id, err)
	}
	return v, nil
}

// List returns the posts that match f, with their deliveries, in two queries.
func (s *Service) List(ctx context.Context, a domain.Actor, f store.PostFilter) ([]View, error) {
	if err := s.cfg.Access.Check(a, permit.Posts, permit.Read); err != nil {
		return nil, err
	}
	if a.Reach != nil {
		f.Among = a.Reach.Channels()
	}
	posts, err := s.cfg.Store.Posts().List(ctx, a.Organization, f)
	if err != nil {
		return nil, fmt.Errorf("list posts: %w", err)
	}
	out, err := s.views(ctx, a.Organization, posts)
	if err != nil {
		return nil, fmt.Errorf("list posts: %w", err)
	}
	return out, nil
}

func (s *Service) views(ctx context.Context, org domain.OrganizationID, posts []domain.Post) ([]View, error) {
	if len(posts) == 0 {
		return nil, nil
	}
	ids := make([]domain.PostID, len(posts))
	for i, p := range posts {
		ids[i] = p.ID
	}
	ds, err := s.cfg.Store.Deliveries().OfPosts(ctx, org, ids...)
	if err != nil {
		return nil, err
	}
	by := map[domain.PostID][]domain.Delivery{}
	for _, d := range ds {
		by[d.Post] = append(by[d.Post], d)
	}
	out := make([]View, len(posts))
	for i, p := range posts {
		own, following := domain.Own(by[p.ID])
		out[i] = View{Post: p, Deliveries: own, Following: following, Summary: domain.Summarize(p.State, p.Standing(own))}
	}
	return out, nil
}
