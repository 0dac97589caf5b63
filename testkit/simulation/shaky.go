package simulation

import (
	"context"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/store"
)

// shaky is the store as one process sees it: it fails before and after a
// commit, and the process may die at either.
type shaky struct {
	store.Store
	p *process
}

// before is the moment before a call. Nothing has happened if it fails.
func (p *process) before(what string) error {
	if err := p.at("before " + what); err != nil {
		return err
	}
	if !p.w.calm && p.w.roll(p.w.odds.database) {
		p.w.happen("database before", "%s: the database fails before %s", p.name, what)
		return errDatabase
	}
	return nil
}

// behind is the moment after a commit. All has happened, also if it fails.
func (p *process) behind(what string) error {
	if err := p.at("after " + what); err != nil {
		return err
	}
	if !p.w.calm && p.w.roll(p.w.odds.database) {
		p.w.happen("database after", "%s: the database fails after %s", p.name, what)
		return errDatabase
	}
	return nil
}

// read makes a call that changes nothing.
func read[T any](p *process, what string, do func() (T, error)) (T, error) {
	if err := p.before(what); err != nil {
		var zero T
		return zero, err
	}
	return do()
}

// write makes a call that is a transaction of its own.
func write[T any](p *process, what string, do func() (T, error)) (T, error) {
	out, err := read(p, what, do)
	if err == nil {
		err = p.behind(what)
	}
	if err != nil {
		var zero T
		return zero, err
	}
	return out, nil
}

func (s *shaky) InTx(ctx context.Context, fn func(context.Context, store.Repos) error) error {
	_, err := write(s.p, "the commit", func() (struct{}, error) { return struct{}{}, s.Store.InTx(ctx, fn) })
	return err
}

func (s *shaky) Organizations() store.Organizations {
	return shakyOrganizations{s.Store.Organizations(), s.p}
}
func (s *shaky) Posts() store.Posts           { return shakyPosts{s.Store.Posts(), s.p} }
func (s *shaky) Channels() store.Channels     { return shakyChannels{s.Store.Channels(), s.p} }
func (s *shaky) Deliveries() store.Deliveries { return shakyDeliveries{s.Store.Deliveries(), s.p} }
func (s *shaky) Attempts() store.Attempts     { return shakyAttempts{s.Store.Attempts(), s.p} }

type shakyOrganizations struct {
	store.Organizations
	p *process
}

func (r shakyOrganizations) Get(ctx context.Context, id domain.OrganizationID) (domain.Organization, error) {
	return read(r.p, "reading the organization", func() (domain.Organization, error) { return r.Organizations.Get(ctx, id) })
}

type shakyPosts struct {
	store.Posts
	p *process
}

func (r shakyPosts) Get(ctx context.Context, org domain.OrganizationID, id domain.PostID) (domain.Post, error) {
	return read(r.p, "reading the post", func() (domain.Post, error) { return r.Posts.Get(ctx, org, id) })
}

func (r shakyPosts) GetMany(ctx context.Context, org domain.OrganizationID, ids []domain.PostID) ([]domain.Post, error) {
	return read(r.p, "reading the posts", func() ([]domain.Post, error) { return r.Posts.GetMany(ctx, org, ids) })
}

type shakyChannels struct {
	store.Channels
	p *process
}

func (r shakyChannels) Get(ctx context.Context, org domain.OrganizationID, id domain.ChannelID) (domain.Channel, error) {
	return read(r.p, "reading the channel", func() (domain.Channel, error) { return r.Channels.Get(ctx, org, id) })
}

func (r shakyChannels) GetMany(ctx context.Context, org domain.OrganizationID, ids []domain.ChannelID) ([]domain.Channel, error) {
	return read(r.p, "reading the channels", func() ([]domain.Channel, error) { return r.Channels.GetMany(ctx, org, ids) })
}

func (r shakyChannels) Update(ctx context.Context, org domain.OrganizationID, id domain.ChannelID, change func(*domain.Channel) error) (domain.Channel, error) {
	return write(r.p, "changing the channel", func() (domain.Channel, error) { return r.Channels.Update(ctx, org, id, change) })
}

type shakyDeliveries struct {
	store.Deliveries
	p *process
}

func (r shakyDeliveries) Claim(ctx context.Context, c store.Claim) ([]domain.Delivery, error) {
	return write(r.p, "the claim", func() ([]domain.Delivery, error) { return r.Deliveries.Claim(ctx, c) })
}

func (r shakyDeliveries) NextWake(ctx context.Context, providers ...domain.ProviderID) (time.Time, error) {
	return read(r.p, "reading the schedule", func() (time.Time, error) { return r.Deliveries.NextWake(ctx, providers...) })
}

func (r shakyDeliveries) OfPosts(ctx context.Context, org domain.OrganizationID, ids ...domain.PostID) ([]domain.Delivery, error) {
	return read(r.p, "reading deliveries", func() ([]domain.Delivery, error) { return r.Deliveries.OfPosts(ctx, org, ids...) })
}

type shakyAttempts struct {
	store.Attempts
	p *process
}

func (r shakyAttempts) Get(ctx context.Context, org domain.OrganizationID, id domain.AttemptID) (domain.Attempt, error) {
	return read(r.p, "reading the attempt", func() (domain.Attempt, error) { return r.Attempts.Get(ctx, org, id) })
}

func (r shakyAttempts) OfDeliveries(ctx context.Context, org domain.OrganizationID, ids ...domain.DeliveryID) ([]domain.Attempt, error) {
	return read(r.p, "reading the ledger", func() ([]domain.Attempt, error) { return r.Attempts.OfDeliveries(ctx, org, ids...) })
}
