package bunstore

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/store"
)

// failing is the condition of the index crier_deliveries_failures, word for
// word: databases take a partial index only for what implies its condition.
const failing = "d.state IN ('failed', 'unknown', 'blocked', 'missed')"

// failed narrows q to the failures of an organization that match.
func failed(q *bun.SelectQuery, org domain.OrganizationID, f store.FailureFilter) *bun.SelectQuery {
	q = q.Where("d.organization_id = ?", string(org)).Where(failing)
	if len(f.States) > 0 {
		q = q.Where("d.state IN (?)", texts(f.States))
	}
	for _, c := range []struct{ column, is string }{
		{"reason_code", f.Code}, {"provider", string(f.Provider)}, {"channel_id", string(f.Channel)},
	} {
		if c.is != "" {
			q = q.Where("d.? = ?", bun.Ident(c.column), c.is)
		}
	}
	if len(f.Among) > 0 {
		q = q.Where("d.channel_id IN (?)", texts(f.Among))
	}
	const post = "EXISTS (SELECT 1 FROM crier_posts AS p WHERE p.id = d.post_id" +
		" AND p.organization_id = d.organization_id AND p.state <> 'deleted'"
	if f.Author != "" {
		return q.Where(post+" AND p.author_id = ?)", string(f.Author))
	}
	return q.Where(post + ")")
}

// failureRow is a group, with the reason of its newest delivery.
type failureRow struct {
	State    string             `bun:"state"`
	Code     string             `bun:"reason_code"`
	Provider string             `bun:"provider"`
	Count    int                `bun:"n"`
	OnlyOn   string             `bun:"only_on"`
	First    int64              `bun:"first_at"`
	Last     int64              `bun:"last_at"`
	Reason   object[reasonJSON] `bun:"reason"`
}

func (r deliveries) FailureGroups(ctx context.Context, org domain.OrganizationID, f store.FailureFilter) ([]store.FailureGroup, error) {
	// The reasons may be long, so they are read once the newest are known.
	const cause = "(PARTITION BY d.state, d.reason_code, d.provider"
	all := failed(r.st.build.NewSelect().Model((*deliveryRow)(nil)), org, f).
		Column("state", "reason_code", "provider", "id").
		ColumnExpr("d.updated_at AS last_at").
		ColumnExpr("count(*) OVER " + cause + ") AS n").
		ColumnExpr("min(d.updated_at) OVER " + cause + ") AS first_at").
		ColumnExpr("CASE WHEN min(d.channel_id) OVER " + cause + ") = max(d.channel_id) OVER " + cause + ") THEN d.channel_id ELSE '' END AS only_on").
		ColumnExpr("row_number() OVER " + cause + " ORDER BY d.updated_at DESC, d.id DESC) AS nth")
	var rows []failureRow
	err := r.st.build.NewSelect().Conn(r.reader()).TableExpr("(?) AS g", all).
		Join("JOIN crier_deliveries AS d ON d.id = g.id").Where("g.nth = 1").
		ColumnExpr("g.state, g.reason_code, g.provider, g.n, g.only_on, g.first_at, g.last_at, d.reason").Scan(ctx, &rows)
	if err != nil {
		return nil, translate(ctx, err)
	}
	return convert(rows, func(g failureRow) store.FailureGroup {
		return store.FailureGroup{
			Cause: store.Cause{State: domain.DeliveryState(g.State), Code: g.Code, Provider: domain.ProviderID(g.Provider)},
			Count: g.Count, Channel: domain.ChannelID(g.OnlyOn), First: instant(g.First), Last: instant(g.Last), Message: g.Reason.of.Message,
		}
	}), nil
}

func (r deliveries) ListFailures(ctx context.Context, org domain.OrganizationID, f store.FailureFilter, p store.Page) ([]domain.Delivery, error) {
	return list[deliveryRow, domain.Delivery](ctx, r.repos, func(q *bun.SelectQuery) *bun.SelectQuery {
		q = failed(q, org, f)
		if !p.After.IsZero() {
			q = q.Where("(d.updated_at, d.id) < (?, ?)", micros(p.After.At), p.After.ID)
		}
		return q.OrderExpr("d.updated_at DESC, d.id DESC").Limit(int64(p.Limit))
	})
}
