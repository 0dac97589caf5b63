package memstore

import (
	"context"
	"slices"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/store"
)

type channels repos

func accountOf(c domain.Channel) string {
	return join(string(c.Organization), string(c.Provider), c.Account)
}

func (r channels) Insert(ctx context.Context, org domain.OrganizationID, c domain.Channel) error {
	return r.run(ctx, func(t *tx) error { return t.channels.insertIn(t, org, c) })
}

func (r channels) Get(ctx context.Context, org domain.OrganizationID, id domain.ChannelID) (domain.Channel, error) {
	return query(ctx, r.run, func(t *tx) (domain.Channel, error) { return t.channels.getIn(org, string(id)) })
}

func (r channels) ByAccount(ctx context.Context, org domain.OrganizationID, provider domain.ProviderID, account string) (domain.Channel, error) {
	return query(ctx, r.run, func(t *tx) (domain.Channel, error) {
		id, ok := t.accounts.rows[accountOf(domain.Channel{Organization: org, Provider: provider, Account: account})]
		if !ok {
			return domain.Channel{}, fault.ErrNotFound
		}
		return t.channels.getIn(org, id)
	})
}

func (r channels) List(ctx context.Context, org domain.OrganizationID, f store.ChannelFilter) ([]domain.Channel, error) {
	return query(ctx, r.run, func(t *tx) ([]domain.Channel, error) {
		var out []domain.Channel
		start := behind(org, f.Page)
		for k := range t.channelList.up(start) {
			if k.group != string(org) || len(out) >= f.Limit {
				break
			}
			c := t.channels.rows[k.id]
			if k != start && free(f.Group, c.Group) && domain.NewReach(f.Among).Covers(c.ID) {
				out = append(out, clone(c))
			}
		}
		return out, nil
	})
}

// behind is where a page of an ascending list starts; the key itself is not
// part of the page.
func behind(org domain.OrganizationID, p store.Page) key {
	if p.After.IsZero() {
		return key{group: string(org), at: minAt}
	}
	return key{string(org), micros(p.After.At), p.After.ID}
}

func (r channels) GetMany(ctx context.Context, org domain.OrganizationID, ids []domain.ChannelID) ([]domain.Channel, error) {
	return query(ctx, r.run, func(t *tx) ([]domain.Channel, error) { return many(t.channels, org, ids), nil })
}

func (r channels) Update(ctx context.Context, org domain.OrganizationID, id domain.ChannelID, change func(*domain.Channel) error) (domain.Channel, error) {
	return query(ctx, r.run, func(t *tx) (domain.Channel, error) {
		c, err := t.channels.getIn(org, string(id))
		if err != nil {
			return c, err
		}
		return t.channels.update(t, c, change, func(old domain.Channel, c *domain.Channel) {
			c.ID, c.Organization, c.Version = old.ID, old.Organization, old.Version+1
		})
	})
}

func (r channels) ClaimRenewals(ctx context.Context, c store.RenewalClaim) ([]domain.Channel, error) {
	return query(ctx, r.run, func(t *tx) ([]domain.Channel, error) {
		var out []domain.Channel
		for k := range t.care.up(key{at: minAt}) {
			if k.at > micros(c.Now) || len(out) >= c.Limit {
				break
			}
			if ch := t.channels.rows[k.id]; len(c.Providers) == 0 || slices.Contains(c.Providers, ch.Provider) {
				out = append(out, clone(ch))
			}
		}
		for i := range out {
			out[i].ClaimRenewal(c.Owner, c.Until)
			row, err := own(out[i])
			if err != nil {
				return nil, err
			}
			t.channels.write(t, string(row.ID), &row)
		}
		return out, nil
	})
}

func (r channels) NextRenewal(ctx context.Context, providers ...domain.ProviderID) (time.Time, error) {
	return query(ctx, r.run, func(t *tx) (time.Time, error) {
		for k := range t.care.up(key{at: minAt}) {
			if len(providers) == 0 || slices.Contains(providers, t.channels.rows[k.id].Provider) {
				return time.UnixMicro(k.at).UTC(), nil
			}
		}
		return time.Time{}, nil
	})
}

type connects repos

func (r connects) Insert(ctx context.Context, c store.Connect) error {
	return r.run(ctx, func(t *tx) error { return t.connects.insert(t, c) })
}

func (r connects) Take(ctx context.Context, stateHash string, now time.Time) (store.Connect, error) {
	return query(ctx, r.run, func(t *tx) (store.Connect, error) {
		c, err := t.connects.get(stateHash)
		if err != nil {
			return c, err
		}
		if c.ExpiresAt.Before(now) {
			return store.Connect{}, fault.ErrNotFound
		}
		t.connects.write(t, stateHash, nil)
		return c, nil
	})
}

func (r connects) Purge(ctx context.Context, now time.Time) error {
	return r.run(ctx, func(t *tx) error {
		for id, c := range t.connects.rows {
			if c.ExpiresAt.Before(now) {
				t.connects.write(t, id, nil)
			}
		}
		return nil
	})
}
