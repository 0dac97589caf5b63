package bunstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"github.com/uptrace/bun"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/store"
)

type postRow struct {
	bun.BaseModel `bun:"table:crier_posts,alias:p"`

	ID           string                     `bun:"id,pk"`
	Organization string                     `bun:"organization_id"`
	Author       string                     `bun:"author_id"`
	State        string                     `bun:"state"`
	Items        object[[]itemJSON]         `bun:"items"`
	Targets      object[[]targetJSON]       `bun:"targets"`
	Channels     object[[]domain.ChannelID] `bun:"channels"` // those of Targets
	DueAt        int64                      `bun:"due_at"`
	ListAt       int64                      `bun:"list_at"`
	Zone         string                     `bun:"zone"`
	Wall         string                     `bun:"wall"`
	Recurrence   string                     `bun:"recurrence"`
	ExpandAt     *int64                     `bun:"expand_at"`
	ExpandedTo   *int64                     `bun:"expanded_to"`
	Queued       bool                       `bun:"queued"`
	Tags         object[[]string]           `bun:"tags"`
	Approval     object[approvalJSON]       `bun:"approval"`
	After        object[[]afterJSON]        `bun:"after_rules"`
	Revision     int                        `bun:"revision"`
	CreatedAt    int64                      `bun:"created_at"`
	UpdatedAt    int64                      `bun:"updated_at"`
	Version      int                        `bun:"version"`
}

type itemJSON struct {
	Text   string           `json:"text,omitempty"`
	Format domain.Format    `json:"format,omitempty"`
	Media  []attachmentJSON `json:"media,omitempty"`
	Delay  time.Duration    `json:"delay,omitempty"` // nanoseconds
}

type attachmentJSON struct {
	Media domain.MediaID `json:"media"`
	Alt   string         `json:"alt,omitempty"`
}

type targetJSON struct {
	Channel  domain.ChannelID `json:"channel"`
	Settings json.RawMessage  `json:"settings,omitempty"`
	Items    []itemJSON       `json:"items,omitempty"`
}

// afterJSON is a domain.After; its names never change. Times are nanoseconds.
type afterJSON struct {
	Do      domain.Action    `json:"do"`
	Channel domain.ChannelID `json:"channel,omitempty"`
	Delay   time.Duration    `json:"delay,omitempty"`
	Likes   int              `json:"likes,omitempty"`
	Watch   time.Duration    `json:"watch,omitempty"`
	Text    string           `json:"text,omitempty"`
	Format  domain.Format    `json:"format,omitempty"`
}

func itemsJSON(items []domain.Item) []itemJSON {
	return convert(items, func(i domain.Item) itemJSON {
		return itemJSON{Text: i.Text, Format: i.Format, Delay: i.Delay, Media: convert(i.Media, func(a domain.Attachment) attachmentJSON {
			return attachmentJSON(a)
		})}
	})
}

func itemsOf(items []itemJSON) []domain.Item {
	return convert(items, func(i itemJSON) domain.Item {
		return domain.Item{Text: i.Text, Format: i.Format, Delay: i.Delay, Media: convert(i.Media, func(a attachmentJSON) domain.Attachment {
			return domain.Attachment(a)
		})}
	})
}

// convert applies f to every element; nothing stays nil.
func convert[A, B any](in []A, f func(A) B) []B {
	if len(in) == 0 {
		return nil
	}
	out := make([]B, len(in))
	for i, v := range in {
		out[i] = f(v)
	}
	return out
}

func (r *postRow) set(p domain.Post) {
	*r = postRow{
		ID: string(p.ID), Organization: string(p.Organization), Author: string(p.Author), State: string(p.State),
		Items: object[[]itemJSON]{itemsJSON(p.Items)}, Tags: object[[]string]{p.Tags},
		After: object[[]afterJSON]{convert(p.After, func(a domain.After) afterJSON { return afterJSON(a) })},
		DueAt: micros(p.DueAt), ListAt: micros(store.ListTime(p)), Zone: p.Zone, Wall: p.Wall, Revision: p.Revision,
		Recurrence: p.Recurrence, ExpandAt: orNull(p.ExpandAt), ExpandedTo: orNull(p.ExpandedTo), Queued: p.Queued,
		Approval:  object[approvalJSON]{approvalOf(p.Approval)},
		CreatedAt: micros(p.CreatedAt), UpdatedAt: micros(p.UpdatedAt), Version: p.Version,
	}
	for _, t := range p.Targets {
		r.Channels.of = append(r.Channels.of, t.Channel)
		r.Targets.of = append(r.Targets.of, targetOf(t))
	}
}

func targetOf(t domain.Target) targetJSON {
	return targetJSON{Channel: t.Channel, Settings: t.Settings, Items: itemsJSON(t.Items)}
}

func (t targetJSON) value() domain.Target {
	return domain.Target{Channel: t.Channel, Settings: t.Settings, Items: itemsOf(t.Items)}
}

func (r *postRow) value() domain.Post {
	return domain.Post{
		ID: domain.PostID(r.ID), Organization: domain.OrganizationID(r.Organization), Author: domain.UserID(r.Author),
		State: domain.PostState(r.State), Items: itemsOf(r.Items.of),
		Targets:    convert(r.Targets.of, targetJSON.value),
		Recurrence: r.Recurrence, ExpandAt: orZero(r.ExpandAt), ExpandedTo: orZero(r.ExpandedTo), Queued: r.Queued,
		DueAt: instant(r.DueAt), Zone: r.Zone, Wall: r.Wall, Tags: r.Tags.of, Revision: r.Revision,
		Approval:  r.Approval.of.value(),
		After:     convert(r.After.of, func(a afterJSON) domain.After { return domain.After(a) }),
		CreatedAt: instant(r.CreatedAt), UpdatedAt: instant(r.UpdatedAt), Version: r.Version,
	}
}

type posts struct{ repos }

func (r posts) Insert(ctx context.Context, org domain.OrganizationID, p domain.Post) error {
	return insertIn[postRow](ctx, r.repos, org, p.Organization, p)
}

func (r posts) Get(ctx context.Context, org domain.OrganizationID, id domain.PostID) (domain.Post, error) {
	return get[postRow, domain.Post](ctx, r.repos, in(org, id))
}

func (r posts) GetMany(ctx context.Context, org domain.OrganizationID, ids []domain.PostID) ([]domain.Post, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return list[postRow, domain.Post](ctx, r.repos, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("organization_id = ?", string(org)).Where("id IN (?)", texts(ids))
	})
}

func (r posts) List(ctx context.Context, org domain.OrganizationID, f store.PostFilter) ([]domain.Post, error) {
	return list[postRow, domain.Post](ctx, r.repos, func(q *bun.SelectQuery) *bun.SelectQuery {
		q = q.Where("p.organization_id = ?", string(org)).Where("p.state <> 'deleted'")
		if !f.After.IsZero() {
			q = q.Where("(p.list_at, p.id) > (?, ?)", micros(f.After.At), f.After.ID)
		}
		if !f.From.IsZero() {
			q = q.Where("p.list_at >= ?", micros(f.From))
		}
		if !f.To.IsZero() {
			q = q.Where("p.list_at < ?", micros(f.To))
		}
		return r.narrow(q, f).OrderExpr("p.list_at, p.id").Limit(int64(f.Limit))
	})
}

// narrow adds what the order of the list does not answer.
func (r posts) narrow(q *bun.SelectQuery, f store.PostFilter) *bun.SelectQuery {
	if f.State != "" {
		q = q.Where("p.state = ?", string(f.State))
	}
	if f.Channel != "" {
		has := "EXISTS (SELECT 1 FROM json_each(nullif(p.channels, '')) AS c WHERE c.value = ?)"
		if r.st.dialect == Postgres {
			has = "jsonb_exists(nullif(p.channels, '')::jsonb, ?)"
		}
		q = q.Where(has, string(f.Channel))
	}
	if f.Group != "" {
		has := "EXISTS (SELECT 1 FROM json_each(nullif(p.channels, '')) AS c JOIN crier_channels AS g ON g.id = c.value" +
			" WHERE g.organization_id = p.organization_id AND g.group_id = ?)"
		if r.st.dialect == Postgres {
			has = "EXISTS (SELECT 1 FROM crier_channels AS g WHERE g.organization_id = p.organization_id AND g.group_id = ?" +
				" AND jsonb_exists(nullif(p.channels, '')::jsonb, g.id))"
		}
		q = q.Where(has, string(f.Group))
	}
	if len(f.Among) > 0 {
		each, rules := "json_each(nullif(p.channels, '')) AS c", "json_each(nullif(p.after_rules, '')) AS a"
		if r.st.dialect == Postgres {
			each = "jsonb_array_elements_text(nullif(p.channels, '')::jsonb) AS c(value)"
			rules = "jsonb_array_elements(nullif(p.after_rules, '')::jsonb) AS a(value)"
		}
		q = q.Where("p.channels <> ''").
			Where("NOT EXISTS (SELECT 1 FROM "+each+" WHERE c.value NOT IN (?))", texts(f.Among)).
			Where("NOT EXISTS (SELECT 1 FROM "+rules+" WHERE coalesce(a.value ->> 'channel', '') NOT IN ('', ?))", texts(f.Among))
	}
	if len(f.Deliveries) > 0 {
		q = q.Where("EXISTS (SELECT 1 FROM crier_deliveries AS d WHERE d.post_id = p.id"+
			" AND d.organization_id = p.organization_id AND d.follows = '' AND d.state IN (?))", texts(f.Deliveries))
	}
	return q
}

func (r posts) Update(ctx context.Context, org domain.OrganizationID, id domain.PostID, change func(*domain.Post) error) (domain.Post, error) {
	return update[postRow](ctx, r.repos, in(org, id), change, func(old domain.Post, p *domain.Post) {
		p.ID, p.Organization, p.Version = old.ID, old.Organization, old.Version+1
	})
}

func (r posts) Lock(ctx context.Context, org domain.OrganizationID, ids ...domain.PostID) error {
	if r.st.dialect != Postgres || len(ids) == 0 {
		return nil // SQLite has one writer at a time
	}
	_, err := r.st.build.NewSelect().Conn(r.writer()).Model((*postRow)(nil)).ColumnExpr("1").
		Where("id IN (?)", texts(ids)).Where("organization_id = ?", string(org)).OrderExpr("id").For("UPDATE").Exec(ctx)
	return translate(ctx, err)
}

func (r posts) Expandable(ctx context.Context, now time.Time, limit int) ([]domain.Post, error) {
	return list[postRow, domain.Post](ctx, r.repos, func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("expand_at <= ?", micros(now)).OrderExpr("expand_at, id").Limit(int64(limit))
	})
}

func (r posts) NextExpand(ctx context.Context) (time.Time, error) {
	var at sql.NullInt64
	err := r.st.build.NewSelect().Conn(r.reader()).Model((*postRow)(nil)).
		ColumnExpr("min(expand_at)").Where("expand_at IS NOT NULL").Scan(ctx, &at)
	if err != nil || !at.Valid {
		return time.Time{}, translate(ctx, err)
	}
	return instant(at.Int64), nil
}
