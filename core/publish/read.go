package publish

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/core/pause"
	"github.com/crierhq/crier/ports/store"
)

// reading is all that some deliveries name.
type reading struct {
	standing
	p     *Publisher
	posts map[domain.PostID]domain.Post
}

// standing is on whose behalf deliveries are published, and what holds them
// back.
type standing struct {
	from     store.Repos
	channels map[domain.ChannelID]domain.Channel
	orgs     map[domain.OrganizationID]domain.Organization
	// all is the pause of the whole installation.
	all domain.Pause
	// names are those of the people who began a pause.
	names map[domain.UserID]string
}

func standingFrom(ctx context.Context, r store.Repos) (standing, error) {
	s := standing{
		from: r, channels: map[domain.ChannelID]domain.Channel{},
		orgs: map[domain.OrganizationID]domain.Organization{}, names: map[domain.UserID]string{},
	}
	var err error
	if s.all, err = pause.Installation(ctx, r); err != nil {
		return s, err
	}
	return s, s.name(ctx, s.all)
}

// standing reads on whose behalf the deliveries ds of one organization are
// published.
func (p *Publisher) standing(ctx context.Context, r store.Repos, org domain.OrganizationID, ds []domain.Delivery) (standing, error) {
	s, err := standingFrom(ctx, r)
	if err == nil {
		err = s.of(ctx, org, ds)
	}
	return s, err
}

// read reads what ds name, with two queries for all of them and three an
// organization.
func (p *Publisher) read(ctx context.Context, ds []domain.Delivery) (reading, error) {
	s, err := standingFrom(ctx, p.cfg.Store)
	r := reading{standing: s, p: p, posts: map[domain.PostID]domain.Post{}}
	if err != nil {
		return r, err
	}
	by := map[domain.OrganizationID][]domain.Delivery{}
	for _, d := range ds {
		by[d.Organization] = append(by[d.Organization], d)
	}
	for _, org := range slices.Sorted(maps.Keys(by)) {
		err := r.of(ctx, org, by[org])
		if errors.Is(err, fault.ErrNotFound) {
			continue // fill says so, for each of them
		}
		if err != nil {
			return r, err
		}
		ps, err := r.from.Posts().GetMany(ctx, org, each(by[org], func(d domain.Delivery) domain.PostID { return d.Post }))
		if err != nil {
			return r, err
		}
		for _, p := range ps {
			r.posts[p.ID] = p
		}
	}
	return r, nil
}

// each returns what of gives of ds, each once and in order.
func each[ID ~string](ds []domain.Delivery, of func(domain.Delivery) ID) []ID {
	ids := make([]ID, len(ds))
	for i, d := range ds {
		ids[i] = of(d)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// of reads the organization and the channels of ds, which are its deliveries.
func (s *standing) of(ctx context.Context, org domain.OrganizationID, ds []domain.Delivery) error {
	o, err := s.from.Organizations().Get(ctx, org)
	if err != nil {
		return err
	}
	s.orgs[org] = o
	if err := s.name(ctx, o.Paused); err != nil {
		return err
	}
	cs, err := s.from.Channels().GetMany(ctx, org, each(ds, func(d domain.Delivery) domain.ChannelID { return d.Channel }))
	if err != nil {
		return err
	}
	for _, c := range cs {
		s.channels[c.ID] = c
		if err := s.name(ctx, c.Paused); err != nil {
			return err
		}
	}
	return nil
}

// name looks up who began a pause, for those whose posts wait for its end. The
// name is empty if only the host knows them.
func (s *standing) name(ctx context.Context, p domain.Pause) error {
	if _, known := s.names[p.By]; known || p.By == "" {
		return nil
	}
	u, err := s.from.Users().Get(ctx, p.By)
	if err != nil && !errors.Is(err, fault.ErrNotFound) {
		return err
	}
	s.names[p.By] = u.Name
	return nil
}

// stand puts on whose behalf its delivery is published into j.
func (s *standing) stand(j *job) error {
	var org, ch bool
	j.org, org = s.orgs[j.d.Organization]
	j.ch, ch = s.channels[j.d.Channel]
	j.all = s.all
	switch {
	case !org:
		return errors.New("its organization is not in the store")
	case !ch:
		return errors.New("its channel is not in the store")
	}
	_, held := j.paused()
	j.who = s.names[held.By]
	return nil
}

// fill puts what its delivery names into j.
func (r *reading) fill(j *job) error {
	if err := r.stand(j); err != nil {
		return err
	}
	var found bool
	if j.post, found = r.posts[j.d.Post]; !found {
		return errors.New("its post is not in the store")
	}
	j.window = j.org.Late(r.p.pol.LateWindow)
	j.unapproved = j.reviewed() && !j.post.Approved()
	j.post = j.post.ContentOf(j.d)
	pf, err := r.p.cfg.Catalog.Get(j.d.Provider)
	if err != nil && !errors.Is(err, &fault.Error{Kind: fault.NotFound}) {
		return err
	}
	j.pf = pf // without a Provider if this installation has none
	return nil
}

// gap is the least time between two changes on the channel of j.
func (p *Publisher) gap(j *job) time.Duration {
	return max(p.pol.Gap, j.ch.Gap, j.pf.Descriptor.MinGap, 0)
}
