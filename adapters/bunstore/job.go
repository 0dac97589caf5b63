package bunstore

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
)

type jobRow struct {
	bun.BaseModel `bun:"table:crier_jobs"`

	ID           string             `bun:"id,pk"`
	Organization string             `bun:"organization_id"`
	Kind         string             `bun:"kind"`
	Key          string             `bun:"dedupe_key"`
	Payload      string             `bun:"payload"`
	State        string             `bun:"state"`
	RunAt        int64              `bun:"run_at"`
	ClaimableAt  int64              `bun:"claimable_at"`
	Attempts     int                `bun:"attempts"`
	MaxAttempts  int                `bun:"max_attempts"`
	LeaseOwner   string             `bun:"lease_owner"`
	LeaseUntil   int64              `bun:"lease_until"`
	LeaseToken   int64              `bun:"lease_token"`
	Reason       object[reasonJSON] `bun:"reason"`
	CreatedAt    int64              `bun:"created_at"`
	DiedAt       int64              `bun:"died_at"`
	Version      int                `bun:"version"`
}

func (r *jobRow) set(j domain.Job) {
	*r = jobRow{
		ID: string(j.ID), Organization: string(j.Organization), Kind: j.Kind, Key: j.Key, Payload: string(j.Payload),
		State: string(j.State), RunAt: micros(j.RunAt), ClaimableAt: max(micros(j.RunAt), micros(j.Lease.Until)),
		Attempts: j.Attempts, MaxAttempts: j.MaxAttempts,
		LeaseOwner: j.Lease.Owner, LeaseUntil: micros(j.Lease.Until), LeaseToken: j.Lease.Token,
		Reason:    object[reasonJSON]{reasonJSON(j.Reason)},
		CreatedAt: micros(j.CreatedAt), DiedAt: micros(j.DiedAt), Version: j.Version,
	}
}

func (r *jobRow) value() domain.Job {
	return domain.Job{
		ID: domain.JobID(r.ID), Organization: domain.OrganizationID(r.Organization), Kind: r.Kind, Key: r.Key,
		Payload: raw(r.Payload), State: domain.JobState(r.State), RunAt: instant(r.RunAt),
		Attempts: r.Attempts, MaxAttempts: r.MaxAttempts,
		Lease:  domain.Lease{Owner: r.LeaseOwner, Until: instant(r.LeaseUntil), Token: r.LeaseToken},
		Reason: domain.Reason(r.Reason.of), CreatedAt: instant(r.CreatedAt), DiedAt: instant(r.DiedAt), Version: r.Version,
	}
}

type jobs struct{ repos }

func (r jobs) Insert(ctx context.Context, js ...domain.Job) error {
	rows := make([]jobRow, len(js))
	for i, j := range js {
		if err := storable(j); err != nil {
			return err
		}
		rows[i].set(j)
	}
	switch {
	case len(rows) == 0:
		return nil
	case len(rows) <= insertChunk:
		return r.insertJobs(ctx, rows)
	}
	return r.joinTx(ctx, func(r repos) error {
		return r.savepoint(ctx, func() error {
			for chunk := range slices.Chunk(rows, insertChunk) {
				if err := r.insertJobs(ctx, chunk); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// insertJobs leaves out what meets another job, whether by its id or its key.
func (r repos) insertJobs(ctx context.Context, rows []jobRow) error {
	_, err := r.st.build.NewInsert().Conn(r.writer()).Model(&rows).On("CONFLICT DO NOTHING").Returning("").Exec(ctx)
	return translate(ctx, err)
}

func (r jobs) Get(ctx context.Context, org domain.OrganizationID, id domain.JobID) (domain.Job, error) {
	return get[jobRow, domain.Job](ctx, r.repos, in(org, id))
}

func (r jobs) Update(ctx context.Context, org domain.OrganizationID, id domain.JobID, change func(*domain.Job) error) (domain.Job, error) {
	return updateUnique[jobRow](ctx, r.repos, in(org, id), change, func(old domain.Job, j *domain.Job) {
		j.ID, j.Organization, j.Version = old.ID, old.Organization, old.Version+1
	})
}

func (r jobs) Remove(ctx context.Context, org domain.OrganizationID, id domain.JobID, token int64) error {
	n, err := r.exec(ctx, "DELETE FROM crier_jobs WHERE id = ? AND organization_id = ? AND lease_token = ?",
		string(id), string(org), token)
	if err == nil && n == 0 {
		return fault.ErrNotFound
	}
	return err
}

func (r jobs) Dead(ctx context.Context, org domain.OrganizationID, p domain.JobPage) ([]domain.Job, error) {
	return list[jobRow, domain.Job](ctx, r.repos, func(q *bun.SelectQuery) *bun.SelectQuery {
		q = q.Where("organization_id = ?", string(org)).Where("state = 'dead'")
		if !p.Before.IsZero() || p.BeforeID != "" {
			q = q.Where("(died_at, id) < (?, ?)", micros(p.Before), string(p.BeforeID))
		}
		return q.OrderExpr("died_at DESC, id DESC").Limit(int64(p.Limit))
	})
}

func (r jobs) Claim(ctx context.Context, c domain.JobClaim) ([]domain.Job, error) {
	if err := storableText(c.Owner); err != nil {
		return nil, err
	}
	var out []domain.Job
	err := r.joinTx(ctx, func(r repos) (err error) {
		out, err = r.claimJobs(ctx, c)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// claimJobs walks the index by run_at from its start, as claim does.
func (r repos) claimJobs(ctx context.Context, c domain.JobClaim) ([]domain.Job, error) {
	now := micros(c.Now)
	var rows []jobRow
	q := r.st.build.NewSelect().Conn(r.tx).Model(&rows).
		Where("state = 'waiting'").Where("run_at <= ?", now).Where("lease_until <= ?", now)
	if len(c.Kinds) > 0 {
		q = q.Where("kind IN (?)", bun.List(c.Kinds))
	}
	q = q.OrderExpr("run_at, id").Limit(int64(c.Limit))
	if r.st.dialect == Postgres {
		q = q.For("UPDATE SKIP LOCKED")
	}
	if err := q.Scan(ctx); err != nil || len(rows) == 0 {
		return nil, translate(ctx, err)
	}
	js := values[jobRow, domain.Job](rows)
	claims := make([]any, len(js))
	for i := range js {
		js[i].Claim(c)
		l := js[i].Lease
		claims[i] = bun.Tuple([]any{
			string(js[i].ID), l.Owner, micros(l.Until), l.Token, js[i].Attempts, js[i].Version,
			max(micros(js[i].RunAt), micros(l.Until)),
		})
	}
	_, err := r.exec(ctx, "UPDATE crier_jobs SET lease_owner = v.column2, lease_until = v.column3,"+
		" lease_token = v.column4, attempts = v.column5, version = v.column6, claimable_at = v.column7"+
		" FROM (VALUES ?) AS v WHERE crier_jobs.id = v.column1", bun.List(claims))
	return js, err
}

func (r jobs) NextWake(ctx context.Context, kinds ...string) (time.Time, error) {
	var at sql.NullInt64
	q := r.st.build.NewSelect().Conn(r.reader()).Model((*jobRow)(nil)).ColumnExpr("min(claimable_at)").Where("state = 'waiting'")
	if len(kinds) > 0 {
		q = q.Where("kind IN (?)", bun.List(kinds))
	}
	if err := q.Scan(ctx, &at); err != nil || !at.Valid {
		return time.Time{}, translate(ctx, err)
	}
	return instant(at.Int64), nil
}

func (r jobs) Renew(ctx context.Context, owner string, ids []domain.JobID, until time.Time) ([]domain.JobID, error) {
	if owner == "" || len(ids) == 0 {
		return nil, nil
	}
	var renewed []domain.JobID
	end := micros(until)
	err := r.st.build.NewRaw("UPDATE crier_jobs SET lease_until = ?, claimable_at = CASE WHEN run_at > ? THEN run_at ELSE ? END"+
		" WHERE id IN (?) AND lease_owner = ? RETURNING id", end, end, end, texts(ids), owner).
		Conn(r.writer()).Scan(ctx, &renewed)
	if err != nil {
		return nil, translate(ctx, err)
	}
	slices.Sort(renewed)
	return renewed, nil
}
