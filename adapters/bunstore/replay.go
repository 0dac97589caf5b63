package bunstore

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/crierhq/crier/core/domain"
)

type replayRow struct {
	bun.BaseModel `bun:"table:crier_replays"`

	ID           string `bun:"id,pk"`
	Organization string `bun:"organization_id"`
	Request      string `bun:"request"`
	Seed         string `bun:"seed"`
	Run          string `bun:"run"`
	LeaseUntil   int64  `bun:"lease_until"`
	Status       int    `bun:"status"`
	ContentType  string `bun:"content_type"`
	ETag         string `bun:"etag"`
	Body         string `bun:"body"`
	CreatedAt    int64  `bun:"created_at"`
	ExpiresAt    int64  `bun:"expires_at"`
	Version      int    `bun:"version"`
}

func (r *replayRow) set(v domain.Replay) {
	*r = replayRow{
		ID: v.ID, Organization: string(v.Organization), Request: v.Request, Seed: v.Seed, Run: v.Run, LeaseUntil: micros(v.LeaseUntil),
		Status: v.Status, ContentType: v.ContentType, ETag: v.ETag, Body: v.Body,
		CreatedAt: micros(v.CreatedAt), ExpiresAt: micros(v.ExpiresAt), Version: v.Version,
	}
}

func (r *replayRow) value() domain.Replay {
	return domain.Replay{
		ID: r.ID, Organization: domain.OrganizationID(r.Organization), Request: r.Request, Seed: r.Seed, Run: r.Run, LeaseUntil: instant(r.LeaseUntil),
		Status: r.Status, ContentType: r.ContentType, ETag: r.ETag, Body: r.Body,
		CreatedAt: instant(r.CreatedAt), ExpiresAt: instant(r.ExpiresAt), Version: r.Version,
	}
}

type replays struct{ repos }

func (r replays) Insert(ctx context.Context, org domain.OrganizationID, v domain.Replay) error {
	return insertIn[replayRow](ctx, r.repos, org, v.Organization, v)
}

func (r replays) Get(ctx context.Context, org domain.OrganizationID, id string) (domain.Replay, error) {
	return get[replayRow, domain.Replay](ctx, r.repos, in(org, id))
}

func (r replays) Update(ctx context.Context, org domain.OrganizationID, id string, change func(*domain.Replay) error) (domain.Replay, error) {
	return update[replayRow](ctx, r.repos, in(org, id), change, func(old domain.Replay, v *domain.Replay) {
		v.ID, v.Organization, v.Version = old.ID, old.Organization, old.Version+1
	})
}

func (r replays) Purge(ctx context.Context, now time.Time) error {
	_, err := r.exec(ctx, "DELETE FROM crier_replays WHERE expires_at <= ?", micros(now))
	return err
}
