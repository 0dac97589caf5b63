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
)

// reading is all that some deliveries name.
type reading struct {
	p        *Publisher
	posts    map[domain.PostID]domain.Post
	channels map[domain.ChannelID]domain.Channel
	orgs     map[domain.OrganizationID]domain.Organization
	// all is the pause of the whole installation.
	all domain.Pause
	// names are those of the people who began a pause.
	names map[domain.UserID]string
}

// read reads what ds name, with one query for all of them and three an
// organization.
func (p *Publisher) read(ctx context.Context, ds []domain.Delivery) (reading, error) {
	r := reading{
		p: p, posts: map[domain.PostID]domain.Post{}, channels: map[domain.ChannelID]domain.Channel{},
		orgs: map[domain.OrganizationID]domain.Organization{}, names: map[domain.UserID]string{},
	}
	var err error
	if r.all, err = pause.Installation(ctx, p.cfg.Store); err != nil {
		return r, err
	}
	if err := r.name(ctx, r.all); err != nil {
		return r, err
	}
	by := map[domain.OrganizationID][]domain.Delivery{}
	for _, d := range ds {
		by[d.Organization] = append(by[d.Organization], d)
	}
	for _, org := range slices.Sorted(maps.Keys(by)) {
		if err := r.of(ctx, org, by[org]); err != nil {
			return r, err
		}
	}
	return r, nil
}

// of reads what the deliveries of one organization name.
func (r *reading) of(ctx context.Context, org domain.OrganizationID, ds []domain.Delivery) error {
	posts, channels := map[domain.PostID]bool{}, map[domain.ChannelID]bool{}
	for _, d := range ds {
		posts[d.Post], channels[d.Channel] = true, true
	}
	st := r.p.cfg.Store
	o, err := st.Organizations().Get(ctx, org)
	if errors.Is(err, fault.ErrNotFound) {
		return nil // fill says so, for each of them
	}
	if err != nil {
		return err
	}
	r.orgs[org] = o
	if err := r.name(ctx, o.Paused); err != nil {
		return err
	}
	ps, err := st.Posts().GetMany(ctx, org, slices.Sorted(maps.Keys(posts)))
	if err != nil {
		return err
	}
	for _, p := range ps {
		r.posts[p.ID] = p
	}
	cs, err := st.Channels().GetMany(ctx, org, slices.Sorted(maps.Keys(channels)))
	if err != nil {
		return err
	}
	for _, c := range cs {
		r.channels[c.ID] = c
		if err := r.name(ctx, c.Paused); err != nil {
			return err
		}
	}
	return nil
}

// name looks up who began a pause, for those whose posts wait for its end.
func (r *reading) name(ctx context.Context, p domain.Pause) error {
	if _, known := r.names[p.By]; known || p.By == "" {
		return nil
	}
	var err error
	r.names[p.By], err = nameOf(ctx, r.p.cfg.Store, p.By)
	return err
}

// fill puts what its delivery names into j.
func (r *reading) fill(j *job) error {
	var org, post, ch bool
	j.org, org = r.orgs[j.d.Organization]
	j.window = j.org.Late(r.p.pol.LateWindow)
	j.all = r.all
	j.post, post = r.posts[j.d.Post]
	j.needsApproval = j.reviewed() && j.post.NeedsApproval(j.org.RequireApproval)
	j.post = j.post.ContentOf(j.d)
	j.ch, ch = r.channels[j.d.Channel]
	switch {
	case !org:
		return errors.New("its organization is not in the store")
	case !post:
		return errors.New("its post is not in the store")
	case !ch:
		return errors.New("its channel is not in the store")
	}
	_, held := j.paused()
	j.who = r.names[held.By]
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
