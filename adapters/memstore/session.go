package memstore

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
)

func (d *data) signIns() {
	d.sessions = newTable(func(s domain.Session) string { return string(s.ID) }, nil)
	d.sessionList = d.sessions.order(func(s domain.Session) (key, bool) {
		return key{string(s.User), micros(s.LastUsedAt), string(s.ID)}, true
	})
	d.strikes = newTable(func(s domain.Strikes) string { return s.Key }, nil)
	d.secondFactors = newTable(func(f domain.SecondFactor) string { return string(f.User) }, nil)
}

type sessions repos

func (r sessions) Insert(ctx context.Context, s domain.Session) error {
	return r.run(ctx, func(t *tx) error { return t.sessions.insert(t, s) })
}

func (r sessions) Get(ctx context.Context, id domain.SessionID) (domain.Session, error) {
	return query(ctx, r.run, func(t *tx) (domain.Session, error) { return t.sessions.get(string(id)) })
}

func (r sessions) Update(ctx context.Context, id domain.SessionID, change func(*domain.Session) error) (domain.Session, error) {
	return query(ctx, r.run, func(t *tx) (domain.Session, error) {
		s, err := t.sessions.get(string(id))
		if err != nil {
			return s, err
		}
		return t.sessions.update(t, s, change, keepSession)
	})
}

func keepSession(old domain.Session, s *domain.Session) { s.ID, s.Version = old.ID, old.Version+1 }

func (r sessions) Member(ctx context.Context, id domain.SessionID, user domain.UserID, org domain.OrganizationID, now time.Time) (domain.Member, error) {
	return query(ctx, r.run, func(t *tx) (domain.Member, error) {
		if s, ok := t.sessions.rows[string(id)]; !ok || s.User != user || !s.Live(now) {
			return domain.Member{}, fault.ErrNotFound
		}
		return t.members.get(memberID(domain.Member{Organization: org, User: user}))
	})
}

// living are the sessions of a person that live at now.
func (t *tx) living(user domain.UserID, now time.Time) []domain.Session {
	var out []domain.Session
	for k := range t.sessionList.group(string(user)) {
		if s := t.sessions.rows[k.id]; s.Live(now) {
			out = append(out, clone(s))
		}
	}
	return out
}

func (r sessions) OfUser(ctx context.Context, user domain.UserID, now time.Time) ([]domain.Session, error) {
	return query(ctx, r.run, func(t *tx) ([]domain.Session, error) {
		out := t.living(user, now)
		slices.SortFunc(out, func(a, b domain.Session) int {
			return cmp.Or(b.LastUsedAt.Compare(a.LastUsedAt), cmp.Compare(a.ID, b.ID))
		})
		return out, nil
	})
}

func (r sessions) RevokeOf(ctx context.Context, user domain.UserID, except domain.SessionID, now time.Time) (int, error) {
	return query(ctx, r.run, func(t *tx) (int, error) {
		n := 0
		for _, s := range t.living(user, now) {
			if s.ID == except {
				continue
			}
			_, err := t.sessions.update(t, s, func(s *domain.Session) error { s.RevokedAt = now; return nil }, keepSession)
			if err != nil {
				return 0, err
			}
			n++
		}
		return n, nil
	})
}

func (r sessions) Purge(ctx context.Context, now time.Time) error {
	return r.run(ctx, func(t *tx) error {
		for id, s := range t.sessions.rows {
			if !s.ExpiresAt.After(now) {
				t.sessions.write(t, id, nil)
			}
		}
		return nil
	})
}

type strikes repos

func (r strikes) Update(ctx context.Context, key string, change func(*domain.Strikes) error) (domain.Strikes, error) {
	return query(ctx, r.run, func(t *tx) (out domain.Strikes, err error) {
		err = t.atomically(func() error {
			s, ok := t.strikes.rows[key]
			if !ok {
				s = domain.Strikes{Key: key}
				if err := t.strikes.insert(t, s); err != nil {
					return err
				}
			}
			out, err = t.strikes.update(t, s, change, func(_ domain.Strikes, s *domain.Strikes) { s.Key = key })
			return err
		})
		return out, err
	})
}

func (r strikes) Delete(ctx context.Context, key string) error {
	return r.run(ctx, func(t *tx) error {
		if _, ok := t.strikes.rows[key]; ok {
			t.strikes.write(t, key, nil)
		}
		return nil
	})
}

func (r strikes) Purge(ctx context.Context, before time.Time) error {
	return r.run(ctx, func(t *tx) error {
		for key, s := range t.strikes.rows {
			if !s.LastAt.After(before) {
				t.strikes.write(t, key, nil)
			}
		}
		return nil
	})
}

type secondFactors repos

func (r secondFactors) Insert(ctx context.Context, f domain.SecondFactor) error {
	return r.run(ctx, func(t *tx) error { return t.secondFactors.insert(t, f) })
}

func (r secondFactors) Get(ctx context.Context, user domain.UserID) (domain.SecondFactor, error) {
	return query(ctx, r.run, func(t *tx) (domain.SecondFactor, error) { return t.secondFactors.get(string(user)) })
}

func (r secondFactors) Update(ctx context.Context, user domain.UserID, change func(*domain.SecondFactor) error) (domain.SecondFactor, error) {
	return query(ctx, r.run, func(t *tx) (domain.SecondFactor, error) {
		f, err := t.secondFactors.get(string(user))
		if err != nil {
			return f, err
		}
		return t.secondFactors.update(t, f, change, func(old domain.SecondFactor, f *domain.SecondFactor) {
			f.User, f.Version = old.User, old.Version+1
		})
	})
}

func (r secondFactors) Delete(ctx context.Context, user domain.UserID) error {
	return r.run(ctx, func(t *tx) error {
		if _, ok := t.secondFactors.rows[string(user)]; ok {
			t.secondFactors.write(t, string(user), nil)
		}
		return nil
	})
}
