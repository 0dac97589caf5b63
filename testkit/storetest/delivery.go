package storetest

import (
	"time"

	"github.com/crierhq/crier/core/domain"
)

func deliveryChecks() []Check {
	return []Check{
		{"delivery/lists those of posts", deliveriesOfPosts},
		{"delivery/lists those of a channel", deliveriesOfChannel},
		{"delivery/lists those changed since", deliveriesChangedSince},
		{"delivery/lists those with a ref", deliveriesWithRef},
	}
}

// delivery stores a scheduled delivery that is due at noon.
func (b *bench) delivery(id domain.DeliveryID, set ...func(*domain.Delivery)) domain.Delivery {
	d := b.unstored(id, set...)
	b.must(b.Deliveries().Insert(b, d.Organization, d), "insert delivery")
	return d
}

// unstored makes what delivery stores.
func (b *bench) unstored(id domain.DeliveryID, set ...func(*domain.Delivery)) domain.Delivery {
	d := domain.Delivery{
		ID: id, Organization: ours, Post: "post", Channel: "channel", Provider: "provider",
		State: domain.DeliveryScheduled, DueAt: noon(), WakeAt: noon(), Revision: 1,
		Parts: make([]domain.Part, 1), CreatedAt: noon(), Version: 1,
	}
	for _, f := range set {
		f(&d)
	}
	return d
}

// alone is delivery on a channel of its own.
func (b *bench) alone(id domain.DeliveryID, set ...func(*domain.Delivery)) domain.Delivery {
	own := func(d *domain.Delivery) { d.Channel = domain.ChannelID("channel-" + id) }
	return b.delivery(id, append([]func(*domain.Delivery){own}, set...)...)
}

func deliveriesOfPosts(b *bench) {
	on := func(post domain.PostID, due time.Duration) func(*domain.Delivery) {
		return func(d *domain.Delivery) { d.Post, d.DueAt = post, at(due) }
	}
	b.delivery("b1", on("b", 0))
	b.delivery("a3", on("a", time.Minute))
	for _, id := range []domain.DeliveryID{"a2", "A2", "é2"} {
		b.delivery(id, on("a", 0))
	}
	b.delivery("c1", on("c", 0))
	b.delivery("foreign", on("a", 0), func(d *domain.Delivery) { d.Organization = theirs })
	of := func(o org, ids ...domain.PostID) []domain.DeliveryID {
		return deliveryIDs(must2[[]domain.Delivery](b, "OfPosts")(b.Deliveries().OfPosts(b, o, ids...)))
	}
	order(b, "of two posts", of(ours, "b", "a", "none", "b"), "A2", "a2", "é2", "a3", "b1")
	order(b, "of no post", of(ours))
	order(b, "of our posts for them", of(theirs, "a", "b"), "foreign")
	order(b, "of many posts", of(ours, manyIDs[domain.PostID]("b")...), "b1")
	full := deliveryKind().new(b)
	b.must(b.Deliveries().Insert(b, ours, full), "insert")
	b.same("of a full one", must2[[]domain.Delivery](b, "OfPosts")(b.Deliveries().OfPosts(b, ours, full.Post)), []domain.Delivery{full})
	b.must(b.Deliveries().Insert(b, ours), "insert of nothing")
}

func deliveriesOfChannel(b *bench) {
	on := func(ch domain.ChannelID, due time.Duration, s domain.DeliveryState) func(*domain.Delivery) {
		return func(d *domain.Delivery) { d.Channel, d.DueAt, d.State = ch, at(due), s }
	}
	b.delivery("3", on("x", 2*time.Minute, domain.DeliveryScheduled))
	b.delivery("1", on("x", 0, domain.DeliveryBlocked))
	b.delivery("2", on("x", time.Minute, domain.DeliveryScheduled))
	b.delivery("4", on("x", 0, domain.DeliveryPublished))
	b.delivery("5", on("y", 0, domain.DeliveryScheduled))
	b.delivery("6", on("x", 0, domain.DeliveryScheduled), func(d *domain.Delivery) { d.Organization = theirs })
	of := func(o org, limit int, states ...domain.DeliveryState) []domain.DeliveryID {
		return deliveryIDs(must2[[]domain.Delivery](b, "OfChannel")(b.Deliveries().OfChannel(b, o, "x", limit, states...)))
	}
	order(b, "in two states", of(ours, 9, domain.DeliveryScheduled, domain.DeliveryBlocked), "1", "2", "3")
	order(b, "in one state", of(ours, 9, domain.DeliveryScheduled), "2", "3")
	order(b, "with a limit", of(ours, 1, domain.DeliveryScheduled), "2")
	order(b, "of our channel for them", of(theirs, 9, domain.DeliveryScheduled), "6")
}

func deliveriesChangedSince(b *bench) {
	on := func(ch domain.ChannelID, due, changed time.Duration) func(*domain.Delivery) {
		return func(d *domain.Delivery) { d.Channel, d.DueAt, d.UpdatedAt = ch, at(due), at(changed) }
	}
	b.delivery("late", on("x", time.Hour, 0))
	b.delivery("early", on("x", 0, time.Minute))
	b.delivery("before", on("x", 0, -time.Microsecond))
	b.delivery("elsewhere", on("y", 0, 0))
	b.delivery("foreign", on("x", 0, 0), func(d *domain.Delivery) { d.Organization = theirs })
	since := func(o org, then time.Duration) []domain.DeliveryID {
		return deliveryIDs(must2[[]domain.Delivery](b, "ChangedSince")(b.Deliveries().ChangedSince(b, o, "x", at(then))))
	}
	order(b, "since then", since(ours, 0), "early", "late")
	order(b, "since later", since(ours, time.Minute), "early")
	order(b, "since much later", since(ours, time.Hour))
	order(b, "of our channel for them", since(theirs, 0), "foreign")
}

func deliveriesWithRef(b *bench) {
	as := func(due time.Duration, ids ...string) func(*domain.Delivery) {
		return func(d *domain.Delivery) {
			d.Channel, d.DueAt, d.Parts = "x", at(due), nil
			for _, id := range ids {
				extra := map[string]string{"id": "extra", "ref": `"ref":{"id":"quoted"`}
				d.Parts = append(d.Parts, domain.Part{Ref: &domain.Ref{ID: id, URL: "https://e.example", Extra: extra}, PublishedAt: noon()})
			}
			d.Parts = append(d.Parts, domain.Part{})
		}
	}
	b.delivery("late", as(time.Hour, "100%", "a_b"))
	b.delivery("early", as(0, "a_b"))
	b.delivery("other", as(0, "a.b", "100", "A_B", `"<é!>"`))
	b.delivery("none", as(0))
	b.delivery("elsewhere", as(0, "a_b"), func(d *domain.Delivery) { d.Channel = "y" })
	b.delivery("foreign", as(0, "a_b"), func(d *domain.Delivery) { d.Organization = theirs })
	of := func(o org, refs ...string) []domain.DeliveryID {
		return deliveryIDs(must2[[]domain.Delivery](b, "WithRef")(b.Deliveries().WithRef(b, o, "x", refs...)))
	}
	order(b, "of two", of(ours, "a_b"), "early", "late")
	order(b, "with a mark of a pattern", of(ours, "100%"), "late")
	order(b, "with marks of JSON", of(ours, `"<é!>"`), "other")
	order(b, "in capital letters", of(ours, "A_B"), "other")
	order(b, "of two ids", of(ours, "none", "100", "100%"), "other", "late")
	order(b, "of a part of an id", of(ours, "10"))
	order(b, "of what is in the extra", of(ours, "extra", "quoted"))
	order(b, "of no id", of(ours))
	order(b, "of our channel for them", of(theirs, "a_b"), "foreign")
}
