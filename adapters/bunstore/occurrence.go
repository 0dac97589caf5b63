package bunstore

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/store"
)

// ranked narrows q to the deliveries of posts that OfPosts lists.
func ranked[ID ~string](q *bun.SelectQuery, org domain.OrganizationID, posts []ID) *bun.SelectQuery {
	return q.ModelTableExpr("(SELECT *, dense_rank() OVER (PARTITION BY post_id ORDER BY occurrence DESC) AS place"+
		" FROM crier_deliveries WHERE post_id IN (?) AND organization_id = ?) AS d", texts(posts), string(org)).
		Where("occurrence = '' OR place <= ? OR state NOT IN ('published', 'failed', 'missed', 'canceled')", store.NewestOccurrences)
}

func (r deliveries) Since(ctx context.Context, org domain.OrganizationID, post domain.PostID, from string) ([]domain.Delivery, error) {
	return list[deliveryRow, domain.Delivery](ctx, r.repos, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("post_id = ?", string(post)).Where("organization_id = ?", string(org)).
			Where("occurrence <> ''").Where("follows = ''").Where("occurrence >= ?", from).OrderExpr("occurrence, id")
	})
}

func (r deliveries) Taken(ctx context.Context, org domain.OrganizationID, id domain.ChannelID, after time.Time) ([]time.Time, error) {
	var found []int64
	err := r.st.build.NewSelect().Conn(r.reader()).Model((*deliveryRow)(nil)).ColumnExpr("DISTINCT due_at").
		Where("channel_id = ?", string(id)).Where("organization_id = ?", string(org)).
		Where("state IN ('scheduled', 'blocked')").Where("due_at > ?", micros(after)).OrderExpr("due_at").Scan(ctx, &found)
	if err != nil {
		return nil, translate(ctx, err)
	}
	return convert(found, instant), nil
}

func (r deliveries) Remove(ctx context.Context, org domain.OrganizationID, id domain.DeliveryID) error {
	return r.joinTx(ctx, func(r repos) error {
		var channel string
		err := r.st.build.NewRaw("DELETE FROM crier_deliveries WHERE id = ? AND organization_id = ? RETURNING channel_id", string(id), string(org)).
			Conn(r.tx).Scan(ctx, &channel)
		if err != nil {
			return translate(ctx, err)
		}
		return r.relane(ctx, domain.ChannelID(channel))
	})
}
