package bunstore

import (
	"context"
	"database/sql"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/store"
)

// A lane's claimable_at is a promise that nothing of its channel may be claimed
// before. Whoever writes a delivery lowers it in the same transaction if need
// be, without looking at what else the channel has; that is safe whatever
// others do at the same time, because least() is taken of the row as it is when
// its lock is had. Only a claim raises it: it holds the lane's lock while it
// looks at what the channel has, so that it misses nothing.

// never is the claimable_at of a lane that has nothing to do.
const never = math.MaxInt64

type laneRow struct {
	bun.BaseModel `bun:"table:crier_lanes,alias:l"`

	Channel      string `bun:"channel_id,pk"`
	Organization string `bun:"organization_id"`
	Provider     string `bun:"provider"`
	ClaimableAt  int64  `bun:"claimable_at"`
	FreeAt       int64  `bun:"free_at"`
}

// least is the function that returns the least of its arguments.
func (r repos) least() bun.Safe {
	if r.st.dialect == Postgres {
		return "least"
	}
	return "min"
}

// enlane has claims look at the lanes of new deliveries.
func (r repos) enlane(ctx context.Context, ds []domain.Delivery) error {
	lanes := map[string]laneRow{}
	for _, d := range ds {
		l, ok := lanes[string(d.Channel)]
		if !ok {
			l = laneRow{
				Channel: string(d.Channel), Organization: string(d.Organization), Provider: string(d.Provider),
				ClaimableAt: never, FreeAt: micros(time.Time{}),
			}
		}
		if !d.WakeAt.IsZero() {
			l.ClaimableAt = min(l.ClaimableAt, micros(d.WakeAt))
		}
		lanes[l.Channel] = l
	}
	var rows []laneRow
	for _, id := range slices.Sorted(maps.Keys(lanes)) { // one order for all, so that nobody waits in a circle
		rows = append(rows, lanes[id])
	}
	for chunk := range slices.Chunk(rows, insertChunk) {
		_, err := r.st.build.NewInsert().Conn(r.writer()).Model(&chunk).
			On("CONFLICT (channel_id) DO UPDATE").
			Set("claimable_at = ?(l.claimable_at, EXCLUDED.claimable_at)", r.least()).
			Returning("").Exec(ctx)
		if err != nil {
			return translate(ctx, err)
		}
	}
	return nil
}

// relane has claims look at the lane of a delivery that changed, from when its
// channel has something to do.
func (r repos) relane(ctx context.Context, channels ...domain.ChannelID) error {
	if err := r.lockInOrder(ctx, (*laneRow)(nil), "channel_id", texts(channels), len(channels)); err != nil || len(channels) == 0 {
		return err
	}
	_, err := r.exec(ctx, "UPDATE crier_lanes SET claimable_at = ?(claimable_at,"+
		" coalesce((SELECT wake_at FROM crier_deliveries AS d WHERE d.channel_id = crier_lanes.channel_id"+
		" AND NOT d.leads AND d.wake_at IS NOT NULL ORDER BY d.wake_at, d.id LIMIT 1), ?),"+
		" coalesce((SELECT CASE WHEN d.open_attempt_id = '' AND d.wake_at < crier_lanes.free_at THEN crier_lanes.free_at ELSE d.wake_at END"+
		" FROM crier_deliveries AS d WHERE d.channel_id = crier_lanes.channel_id"+
		" AND d.leads AND d.wake_at IS NOT NULL ORDER BY d.due_at, d.id LIMIT 1), ?))"+
		" WHERE channel_id IN (?)", r.least(), int64(never), int64(never), texts(channels))
	return err
}

func (r deliveries) Pace(ctx context.Context, org domain.OrganizationID, free map[domain.ChannelID]time.Time) error {
	if len(free) == 0 {
		return nil
	}
	ids := slices.Collect(maps.Keys(free))
	rows := make([]any, len(ids))
	for i, id := range ids {
		rows[i] = bun.Tuple([]any{string(id), micros(free[id])})
	}
	return r.joinTx(ctx, func(r repos) error {
		if err := r.lockInOrder(ctx, (*laneRow)(nil), "channel_id", texts(ids), len(ids)); err != nil {
			return err
		}
		n, err := r.exec(ctx, "UPDATE crier_lanes SET free_at = CASE WHEN free_at < v.column2 THEN v.column2 ELSE free_at END"+
			" FROM (VALUES ?) AS v WHERE channel_id = v.column1 AND organization_id = ?", bun.List(rows), string(org))
		if err == nil && n < int64(len(rows)) {
			err = fault.ErrNotFound
		}
		return err
	})
}

func (r deliveries) NextWake(ctx context.Context, providers ...domain.ProviderID) (time.Time, error) {
	var at sql.NullInt64
	q := r.st.build.NewSelect().Conn(r.reader()).Model((*laneRow)(nil)).ColumnExpr("min(claimable_at)")
	if len(providers) > 0 {
		q = q.Where("provider IN (?)", texts(providers))
	}
	if err := q.Scan(ctx, &at); err != nil || !at.Valid || at.Int64 == never {
		return time.Time{}, translate(ctx, err)
	}
	return instant(at.Int64), nil
}

func (r deliveries) Claim(ctx context.Context, c store.Claim) ([]domain.Delivery, error) {
	var out []domain.Delivery
	err := r.joinTx(ctx, func(r repos) (err error) {
		out, err = r.claim(ctx, c)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// claim goes through the lanes that may have something to do, in turns.
func (r repos) claim(ctx context.Context, c store.Claim) ([]domain.Delivery, error) {
	var out []domain.Delivery
	c.Held = maps.Clone(c.Held)
	seen := map[string]bool{}
	for len(out) < c.Limit {
		turns, err := r.turns(ctx, c)
		if err != nil {
			return nil, err
		}
		more := len(turns) == c.Limit+spare
		turns = slices.DeleteFunc(turns, func(id string) bool { return seen[id] })
		if len(turns) == 0 {
			break
		}
		if room := c.Limit - len(out); len(turns) > room {
			turns, more = turns[:room], true
		}
		for _, id := range turns {
			seen[id] = true
		}
		ds, err := r.claimLanes(ctx, c, turns)
		if err != nil {
			return nil, err
		}
		for _, d := range ds {
			if c.Held == nil {
				c.Held = map[domain.OrganizationID]int{}
			}
			c.Held[d.Organization]++
		}
		out = append(out, ds...)
		if !more {
			break
		}
	}
	return out, nil
}

// spare is how many more lanes than it needs a claim looks for: some turn out to
// have nothing to do yet, and some are being claimed by others just now.
const spare = 64

// turns lists the channels that a claim may take from, in the order to take
// them.
func (r repos) turns(ctx context.Context, c store.Claim) ([]string, error) {
	held := bun.Safe("0")
	join := bun.Safe("")
	if len(c.Held) > 0 {
		rows := make([]any, 0, len(c.Held))
		for org, n := range c.Held {
			rows = append(rows, bun.Tuple([]any{string(org), n}))
		}
		join = bun.Safe(r.st.build.QueryGen().FormatQuery(" LEFT JOIN (VALUES ?) AS h ON h.column1 = l.organization_id", bun.List(rows)))
		held = "coalesce(h.column2, 0)"
	}
	wanted := bun.Safe("")
	if len(c.Providers) > 0 {
		wanted = bun.Safe(r.st.build.QueryGen().FormatQuery(" AND l.provider IN (?)", texts(c.Providers)))
	}
	share := c.Share
	if share <= 0 {
		share = math.MaxInt32
	}
	var ids []string
	err := r.st.build.NewRaw("SELECT channel_id FROM (SELECT l.channel_id, l.claimable_at,"+
		" ? + row_number() OVER (PARTITION BY l.organization_id ORDER BY l.claimable_at, l.channel_id) AS turn"+
		" FROM (SELECT l.channel_id, l.organization_id, l.claimable_at FROM crier_lanes AS l WHERE l.claimable_at <= ??"+
		" ORDER BY l.claimable_at LIMIT ?) AS l?) AS ready"+
		" WHERE turn <= ? ORDER BY turn, claimable_at, channel_id LIMIT ?",
		held, micros(c.Now), wanted, max(store.TurnsAmong, c.Limit), join, share, c.Limit+spare).Conn(r.tx).Scan(ctx, &ids)
	return ids, translate(ctx, err)
}

// claimLanes claims the next delivery of each of these channels that has one
// ready, and notes of the others when they will have.
func (r repos) claimLanes(ctx context.Context, c store.Claim, ids []string) ([]domain.Delivery, error) {
	rows, err := r.lockLanes(ctx, c.Now, ids)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	lanes, err := r.lanes(ctx, rows)
	if err != nil {
		return nil, err
	}
	var due []domain.Delivery
	until := map[string]int64{}
	for _, id := range ids {
		l, ok := lanes[id]
		if !ok {
			continue
		}
		switch d, at := l.Next(); {
		case d == nil:
			until[id] = never
		case at.After(c.Now):
			until[id] = micros(at)
		default:
			due = append(due, *d)
		}
	}
	claimed, err := r.lease(ctx, c, due)
	if err != nil {
		return nil, err
	}
	for _, d := range claimed {
		until[string(d.Channel)] = micros(d.Lease.Until)
	}
	return claimed, r.raise(ctx, until)
}

// lockLanes locks those of the lanes that are ready and that nobody is claiming
// from just now.
func (r repos) lockLanes(ctx context.Context, now time.Time, ids []string) ([]laneRow, error) {
	var rows []laneRow
	q := r.st.build.NewSelect().Conn(r.tx).Model(&rows).
		Where("channel_id IN (?)", bun.List(ids)).Where("claimable_at <= ?", micros(now))
	if r.st.dialect == Postgres {
		q = q.For("UPDATE SKIP LOCKED")
	}
	return rows, translate(ctx, q.Scan(ctx))
}

// lanes reads what the channels of rows, which are locked, have to do.
func (r repos) lanes(ctx context.Context, rows []laneRow) (map[string]domain.Lane, error) {
	ids := make([]string, len(rows))
	out := make(map[string]domain.Lane, len(rows))
	for i, row := range rows {
		ids[i] = row.Channel
		out[row.Channel] = domain.Lane{Free: instant(row.FreeAt)}
	}
	const first = "SELECT (SELECT d.id FROM crier_deliveries AS d WHERE d.channel_id = l.channel_id AND "
	const of = " LIMIT 1) FROM crier_lanes AS l WHERE l.channel_id IN (?0)"
	var ds []deliveryRow
	err := r.st.build.NewSelect().Conn(r.tx).Model(&ds).Where("id IN ("+
		first+"d.leads AND d.wake_at IS NOT NULL ORDER BY d.due_at, d.id"+of+" UNION "+
		first+"NOT d.leads AND d.wake_at IS NOT NULL ORDER BY d.wake_at, d.id"+of+" UNION "+
		first+"d.lease_owner <> '' ORDER BY d.lease_until DESC"+of+")", bun.List(ids)).Scan(ctx)
	if err != nil {
		return nil, translate(ctx, err)
	}
	for i := range ds {
		l := out[ds[i].Channel]
		join(&l, ds[i].value())
		out[ds[i].Channel] = l
	}
	return out, nil
}

// join puts a delivery of its channel into l.
func join(l *domain.Lane, d domain.Delivery) {
	if d.Lease.Owner != "" && d.Lease.Until.After(l.Held) {
		l.Held = d.Lease.Until
	}
	switch {
	case d.WakeAt.IsZero():
	case d.Leads() && (l.Head == nil || earlier(d.DueAt, d.ID, l.Head.DueAt, l.Head.ID)):
		l.Head = &d
	case !d.Leads() && (l.Other == nil || earlier(d.WakeAt, d.ID, l.Other.WakeAt, l.Other.ID)):
		l.Other = &d
	}
}

// earlier orders by a time and then by id.
func earlier(a time.Time, aid domain.DeliveryID, b time.Time, bid domain.DeliveryID) bool {
	return a.Before(b) || a.Equal(b) && aid < bid
}

// lease calls Claim on each of ds and stores it. Those that somebody is changing
// just now are left out: to wait for them could be to wait in a circle.
func (r repos) lease(ctx context.Context, c store.Claim, ds []domain.Delivery) ([]domain.Delivery, error) {
	if len(ds) == 0 {
		return nil, nil
	}
	if err := storableText(c.Owner); err != nil {
		return nil, err
	}
	leases := make([]any, len(ds))
	for i := range ds {
		d := &ds[i]
		d.Claim(c.Owner, c.Until)
		leases[i] = bun.Tuple([]any{string(d.ID), d.Lease.Owner, micros(d.Lease.Until), d.Lease.Token, d.Version})
	}
	lock := bun.Safe("")
	if r.st.dialect == Postgres {
		lock = " FOR UPDATE OF d SKIP LOCKED"
	}
	// What is free is found and locked once, before the rest. As a condition of
	// the update it would be looked for again with each row.
	var kept []domain.DeliveryID
	err := r.st.build.NewRaw("WITH free AS MATERIALIZED (SELECT v.column1, v.column2, v.column3, v.column4, v.column5"+
		" FROM (VALUES ?) AS v JOIN crier_deliveries AS d ON d.id = v.column1 AND d.version = v.column5 - 1?)"+
		" UPDATE crier_deliveries SET lease_owner = free.column2, lease_until = free.column3,"+
		" lease_token = free.column4, version = free.column5 FROM free"+
		" WHERE crier_deliveries.id = free.column1 RETURNING crier_deliveries.id",
		bun.List(leases), lock).Conn(r.tx).Scan(ctx, &kept)
	if err != nil {
		return nil, translate(ctx, err)
	}
	if len(kept) < len(ds) {
		ds = slices.DeleteFunc(ds, func(d domain.Delivery) bool { return !slices.Contains(kept, d.ID) })
	}
	return ds, nil
}

// raise writes when locked lanes must be looked at again.
func (r repos) raise(ctx context.Context, until map[string]int64) error {
	if len(until) == 0 {
		return nil
	}
	rows := make([]any, 0, len(until))
	for id, at := range until {
		rows = append(rows, bun.Tuple([]any{id, at}))
	}
	_, err := r.exec(ctx, "UPDATE crier_lanes SET claimable_at = v.column2 FROM (VALUES ?) AS v WHERE channel_id = v.column1", bun.List(rows))
	return err
}
