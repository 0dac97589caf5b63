// Package notify mails people what they must know: a post of theirs that is not
// where it should be, an account that must be connected again. People say what
// they do not want to be told; see domain.Notice. What concerns the safety of an
// account is not told here, and cannot be switched off.
package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/core/jobs"
	"github.com/crierhq/crier/core/journal"
	"github.com/crierhq/crier/core/letters"
	"github.com/crierhq/crier/core/mailer"
	"github.com/crierhq/crier/ports/mail"
	"github.com/crierhq/crier/ports/queue"
	"github.com/crierhq/crier/ports/store"
)

// KindNotice is the kind of the side job that finds out whom to tell what.
const KindNotice = "notify.notice"

// together is for how long what happens to one post is gathered into one mail.
const together = time.Minute

// pageSize is how many members are read at once.
const pageSize = 200

// Config is what the service needs. Mail may be nil: nobody is told anything.
type Config struct {
	Store store.Store
	Mail  *mailer.Service
	// Jobs enqueues within a transaction; see jobs.Service.Within.
	Jobs interface {
		Within(ctx context.Context, r store.Repos, js ...domain.Job) error
	}
	// NameOf is what people call a platform.
	NameOf func(domain.ProviderID) string
	// URL is where people see their posts.
	URL   string
	Now   func() time.Time
	NewID func() string
}

// Service tells people.
type Service struct{ cfg Config }

// New returns a Service.
func New(cfg Config) *Service { return &Service{cfg: cfg} }

// subject is what a job is about: a post or a channel. Its names never change.
type subject struct {
	Post    domain.PostID    `json:"post,omitempty"`
	Channel domain.ChannelID `json:"channel,omitempty"`
}

// Watch is a journal.Watcher: it has people told of events that need them. An
// event that does not costs nothing.
func (s *Service) Watch(ctx context.Context, r store.Repos, evs []domain.Event) error {
	if s.cfg.Mail == nil {
		return nil
	}
	var js []domain.Job
	for _, ev := range evs {
		about, ok := aboutOf(ev)
		if !ok {
			continue
		}
		raw, err := json.Marshal(about)
		if err != nil {
			return fmt.Errorf("notify: %w", err)
		}
		j := domain.Job{
			ID: domain.JobID(s.cfg.NewID()), Organization: ev.Organization, Kind: KindNotice, Payload: raw,
			Key: "post/" + string(about.Post), RunAt: domain.Instant(s.cfg.Now()).Add(together),
		}
		if about.Channel != "" {
			j.Key, j.RunAt = "channel/"+string(about.Channel), time.Time{}
		}
		if !slices.ContainsFunc(js, func(o domain.Job) bool { return o.Organization == j.Organization && o.Key == j.Key }) {
			js = append(js, j)
		}
	}
	if len(js) == 0 {
		return nil
	}
	return s.cfg.Jobs.Within(ctx, r, js...)
}

// aboutOf is what somebody must be told of because of ev.
func aboutOf(ev domain.Event) (subject, bool) {
	switch ev.Kind {
	case domain.DeliveryEvent(domain.DeliveryFailed), domain.DeliveryEvent(domain.DeliveryUnknown), domain.DeliveryEvent(domain.DeliveryMissed):
		return subject{Post: ev.Post}, ev.Post != ""
	case domain.EventChannelReconnect:
		return subject{Channel: domain.ChannelID(ev.Subject)}, ev.Subject != ""
	default:
		return subject{}, false
	}
}

// Kinds are the side jobs of this package.
func (s *Service) Kinds() []jobs.Kind {
	return []jobs.Kind{{Name: KindNotice, Do: s.tell}}
}

// tell has the letters of a job sent. What was mended meanwhile is no news.
func (s *Service) tell(ctx context.Context, j domain.Job) error {
	var about subject
	if err := json.Unmarshal(j.Payload, &about); err != nil {
		return queue.Discard(fmt.Errorf("notify: %w", err))
	}
	if s.cfg.Mail == nil {
		return nil
	}
	var to []domain.User
	var l letters.Letter
	var err error
	if about.Post != "" {
		to, l, err = s.ofPost(ctx, j.Organization, about.Post)
	} else {
		to, l, err = s.ofChannel(ctx, j.Organization, about.Channel)
	}
	if errors.Is(err, fault.ErrNotFound) || err == nil && len(to) == 0 {
		return nil // it is gone, or nobody wants to know
	}
	if err != nil {
		return fmt.Errorf("notify: %w", err)
	}
	sealed := make([]mailer.Sealed, len(to))
	for i, u := range to {
		sealed[i], err = s.cfg.Mail.Seal(ctx, mailer.Mail{
			// A job that is run again, as after a crash, writes the same mails.
			ID:           j.ID + "-" + domain.JobID(u.ID),
			Organization: j.Organization, To: mail.Address{Email: u.Email}, Letter: l,
		})
		if err != nil {
			return fmt.Errorf("notify: %w", err)
		}
	}
	return s.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error {
		for _, one := range sealed {
			if err := s.cfg.Mail.Within(ctx, r, one); err != nil {
				return err
			}
		}
		return nil
	})
}

// ofPost writes to the author of a post, if they still belong to its
// organization; else to its owners.
func (s *Service) ofPost(ctx context.Context, org domain.OrganizationID, id domain.PostID) ([]domain.User, letters.Letter, error) {
	p, err := s.cfg.Store.Posts().Get(ctx, org, id)
	if err != nil || p.State == domain.PostDeleted {
		return nil, nil, err
	}
	l := letters.PostNeedsYou{Link: s.cfg.URL}
	if len(p.Items) > 0 {
		l.Text = p.Items[0].Text
	}
	if l.Channels, err = s.troubles(ctx, org, id); err != nil || len(l.Channels) == 0 {
		return nil, nil, err
	}
	m, err := s.cfg.Store.Members().Get(ctx, org, p.Author)
	if errors.Is(err, fault.ErrNotFound) {
		to, err := s.people(ctx, org, domain.NoticePosts, domain.RoleOwner)
		return to, l, err
	}
	if err != nil {
		return nil, nil, err
	}
	to, err := s.wanting(ctx, nil, m, domain.NoticePosts)
	return to, l, err
}

// troubles says where a post needs somebody.
func (s *Service) troubles(ctx context.Context, org domain.OrganizationID, id domain.PostID) ([]letters.ChannelTrouble, error) {
	ds, err := s.cfg.Store.Deliveries().OfPosts(ctx, org, id)
	if err != nil {
		return nil, err
	}
	var out []letters.ChannelTrouble
	for _, d := range ds {
		if d.State != domain.DeliveryFailed && d.State != domain.DeliveryUnknown && d.State != domain.DeliveryMissed {
			continue
		}
		ch, err := s.cfg.Store.Channels().Get(ctx, org, d.Channel)
		if err != nil && !errors.Is(err, fault.ErrNotFound) {
			return nil, err
		}
		out = append(out, letters.ChannelTrouble{
			Name: ch.Name, What: journal.Describe(domain.Event{Kind: domain.DeliveryEvent(d.State)}), Why: d.Reason.Message,
		})
	}
	return out, nil
}

// ofChannel writes to those who run the organization of a channel.
func (s *Service) ofChannel(ctx context.Context, org domain.OrganizationID, id domain.ChannelID) ([]domain.User, letters.Letter, error) {
	ch, err := s.cfg.Store.Channels().Get(ctx, org, id)
	if err != nil || ch.State != domain.ChannelReconnect {
		return nil, nil, err
	}
	to, err := s.people(ctx, org, domain.NoticeChannels, domain.RoleOwner, domain.RoleAdmin)
	return to, letters.ChannelNeedsYou{Channel: ch.Name, Platform: s.cfg.NameOf(ch.Provider), Why: ch.StateReason, Link: s.cfg.URL}, err
}

// people are the members of an organization with one of the roles who want to be
// told.
func (s *Service) people(ctx context.Context, org domain.OrganizationID, n domain.Notice, roles ...domain.Role) ([]domain.User, error) {
	var out []domain.User
	page := store.Page{Limit: pageSize}
	for {
		all, err := s.cfg.Store.Members().List(ctx, org, page)
		if err != nil {
			return nil, err
		}
		for _, m := range all {
			if !slices.Contains(roles, m.Role) {
				continue
			}
			if out, err = s.wanting(ctx, out, m, n); err != nil {
				return nil, err
			}
		}
		if len(all) < pageSize {
			return out, nil
		}
		last := all[len(all)-1]
		page.After = store.Position{At: last.CreatedAt, ID: string(last.User)}
	}
}

// wanting appends the person behind m to out, if they want to be told. An address
// that nobody has proven to be theirs gets nothing, for others typed in what is
// in the letters.
func (s *Service) wanting(ctx context.Context, out []domain.User, m domain.Member, n domain.Notice) ([]domain.User, error) {
	u, err := s.cfg.Store.Users().Get(ctx, m.User)
	if errors.Is(err, fault.ErrNotFound) {
		return out, nil // somebody whom the host keeps
	}
	if err != nil {
		return nil, err
	}
	if !u.EmailVerifiedAt.IsZero() && u.Wants(n) {
		out = append(out, u)
	}
	return out, nil
}
