// Package insight is the numbers that platforms tell of posts and accounts. It
// asks them at once; nothing is kept.
package insight

import (
	"context"
	"sync"
	"time"

	"github.com/crierhq/crier/core/channel"
	"github.com/crierhq/crier/core/compose"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/social"
)

const (
	// maxPeriod bounds how many days are asked for at once.
	maxPeriod = 366 * 24 * time.Hour
	// maxDeliveries bounds how many platforms are asked about one post, and
	// atOnce how many of them at the same time.
	maxDeliveries = 50
	atOnce        = 8
)

// Config is what the service needs. All fields are required.
type Config struct {
	Channels *channel.Service
	Posts    *compose.Service
}

// Service asks platforms for numbers.
type Service struct{ cfg Config }

// New returns a Service.
func New(cfg Config) *Service { return &Service{cfg: cfg} }

// Account asks what the platform of a channel tells of it on the whole days
// from from up to and without to, in UTC. What is missing is not known, and not
// zero.
func (s *Service) Account(ctx context.Context, a domain.Actor, id domain.ChannelID, from, to time.Time) (social.Series, error) {
	from, to = from.UTC().Truncate(24*time.Hour), to.UTC().Truncate(24*time.Hour)
	if !from.Before(to) || to.Sub(from) > maxPeriod {
		return nil, fault.Check([]fault.Problem{{Field: "to", Rule: "period", Message: "This must be after from, by a year at most."}})
	}
	ch, pf, err := s.cfg.Channels.Asked(ctx, a, id)
	if err != nil {
		return nil, err
	}
	if pf.Can.Account == nil {
		return nil, channel.NotOffered(pf, "tell numbers of an account")
	}
	out, err := channel.Ask(ctx, s.cfg.Channels.Credentials(), ch, func(ctx context.Context, t social.Target) (social.Series, error) {
		return pf.Can.Account.AccountMetrics(ctx, t, social.Period{From: from, To: to})
	})
	return out, channel.AskFault(err)
}

// Numbers are those of one delivery that is out.
type Numbers struct {
	Delivery domain.DeliveryID
	Channel  domain.ChannelID
	Ref      domain.Ref
	// Metrics are of its first item. What is missing is not known.
	Metrics social.Metrics
	// Problem says why there are none; nil: there are.
	Problem error
}

// Post asks every platform that a post is out on how people react to it, in the
// order of its deliveries; of a recurring post, the newest 50. A platform that
// does not answer keeps nothing back of the others.
func (s *Service) Post(ctx context.Context, a domain.Actor, id domain.PostID) ([]Numbers, error) {
	v, err := s.cfg.Posts.Get(ctx, a, id)
	if err != nil {
		return nil, err
	}
	var out []Numbers
	for _, d := range v.Deliveries {
		if d.State == domain.DeliveryPublished && len(d.Parts) > 0 && d.Parts[0].Ref != nil {
			out = append(out, Numbers{Delivery: d.ID, Channel: d.Channel, Ref: *d.Parts[0].Ref})
		}
	}
	out = out[max(0, len(out)-maxDeliveries):]
	slots := make(chan struct{}, atOnce)
	var wg sync.WaitGroup
	for i := range out {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			out[i].Metrics, out[i].Problem = s.delivery(ctx, a, out[i])
		})
	}
	wg.Wait()
	return out, nil
}

func (s *Service) delivery(ctx context.Context, a domain.Actor, n Numbers) (social.Metrics, error) {
	ch, pf, err := s.cfg.Channels.Asked(ctx, a, n.Channel)
	if err != nil {
		return nil, err
	}
	if pf.Can.Meter == nil {
		return nil, channel.NotOffered(pf, "tell numbers of a post")
	}
	out, err := channel.Ask(ctx, s.cfg.Channels.Credentials(), ch, func(ctx context.Context, t social.Target) (social.Metrics, error) {
		return pf.Can.Meter.Metrics(ctx, t, n.Ref)
	})
	return out, channel.AskFault(err)
}
