package memstore

import (
	"context"
	"slices"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/store"
)

type posts repos

func (r posts) Insert(ctx context.Context, org domain.OrganizationID, p domain.Post) error {
	return r.run(ctx, func(t *tx) error { return t.posts.insertIn(t, org, p) })
}

func (r posts) Get(ctx context.Context, org domain.OrganizationID, id domain.PostID) (domain.Post, error) {
	return query(ctx, r.run, func(t *tx) (domain.Post, error) { return t.posts.getIn(org, string(id)) })
}

func (r posts) GetMany(ctx context.Context, org domain.OrganizationID, ids []domain.PostID) ([]domain.Post, error) {
	return query(ctx, r.run, func(t *tx) ([]domain.Post, error) { return many(t.posts, org, ids), nil })
}

func (r posts) List(ctx context.Context, org domain.OrganizationID, f store.PostFilter) ([]domain.Post, error) {
	return query(ctx, r.run, func(t *tx) ([]domain.Post, error) {
		var out []domain.Post
		after := behind(org, f.Page)
		start := after
		if from := (key{group: string(org), at: micros(f.From)}); !f.From.IsZero() && from.compare(start) > 0 {
			start = from
		}
		for k := range t.postList.up(start) {
			late := !f.To.IsZero() && k.at >= micros(f.To)
			if k.group != string(org) || late || len(out) >= f.Limit {
				break
			}
			if p := t.posts.rows[k.id]; k != after && t.matches(p, f) {
				out = append(out, clone(p))
			}
		}
		return out, nil
	})
}

// matches looks at what the order of the list does not answer.
func (t *tx) matches(p domain.Post, f store.PostFilter) bool {
	if f.State != "" && p.State != f.State {
		return false
	}
	if !t.goesTo(p, f) {
		return false
	}
	if len(f.Deliveries) == 0 {
		return true
	}
	for k := range t.ofPost.group(string(p.ID)) {
		d := t.deliveries.rows[k.id]
		if d.Organization == p.Organization && d.Follows == "" && slices.Contains(f.Deliveries, d.State) {
			return true
		}
	}
	return false
}

// Lock has nothing to do: transactions run one after the other.
func (r posts) Lock(ctx context.Context, _ domain.OrganizationID, _ ...domain.PostID) error {
	return r.run(ctx, func(*tx) error { return nil })
}

// goesTo looks at the channels of p.
func (t *tx) goesTo(p domain.Post, f store.PostFilter) bool {
	_, onChannel := p.Target(f.Channel)
	inGroup := slices.ContainsFunc(p.Targets, func(target domain.Target) bool {
		c, ok := t.channels.rows[string(target.Channel)]
		return ok && c.Organization == p.Organization && c.Group == f.Group
	})
	return (f.Channel == "" || onChannel) && (f.Group == "" || inGroup) && domain.NewReach(f.Among).CoversPost(p)
}

func (r posts) Update(ctx context.Context, org domain.OrganizationID, id domain.PostID, change func(*domain.Post) error) (domain.Post, error) {
	return query(ctx, r.run, func(t *tx) (domain.Post, error) {
		p, err := t.posts.getIn(org, string(id))
		if err != nil {
			return p, err
		}
		return t.posts.update(t, p, change, func(old domain.Post, p *domain.Post) {
			p.ID, p.Organization, p.Version = old.ID, old.Organization, old.Version+1
		})
	})
}
