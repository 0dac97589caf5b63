package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/store"
)

func postChecks() []Check {
	return []Check{
		{"post/gets many", postsGetMany},
		{"post/lists by due time and id", postOrder},
		{"post/list is narrowed by time", postTimes},
		{"post/list is narrowed by what a post is", postFilters},
		{"post/list keeps tenants apart", postListTenants},
		{"post/lists in pages, stable under inserts", postPages},
		{"post/list follows changes", postListFollows},
		{"post/is locked until the transaction ends", postsLocked},
	}
}

// post stores a scheduled post; a draft without a time if due is zero.
func (b *bench) post(id domain.PostID, due, created time.Time, set ...func(*domain.Post)) {
	p := domain.Post{
		ID: id, Organization: ours, State: domain.PostScheduled, DueAt: due, CreatedAt: created,
		Items: []domain.Item{{Text: "hi"}}, Revision: 1, Version: 1,
	}
	if due.IsZero() {
		p.State = domain.PostDraft
	}
	for _, f := range set {
		f(&p)
	}
	b.must(b.Posts().Insert(b, p.Organization, p), "insert post")
}

func (b *bench) posts(f store.PostFilter) []domain.PostID {
	if f.Limit == 0 {
		f.Limit = 100
	}
	return postIDs(must2[[]domain.Post](b, "list")(b.Posts().List(b, ours, f)))
}

func postsGetMany(b *bench) {
	b.post("1", at(0), noon())
	b.post("2", at(0), noon(), func(p *domain.Post) { p.State = domain.PostDeleted })
	b.post("3", at(0), noon())
	b.post("foreign", at(0), noon(), func(p *domain.Post) { p.Organization = theirs })
	get := func(ids ...domain.PostID) []domain.PostID {
		ids = postIDs(must2[[]domain.Post](b, "GetMany")(b.Posts().GetMany(b, ours, ids)))
		slices.Sort(ids)
		return ids
	}
	order(b, "GetMany", get("2", "none", "1", "foreign", "2"), "1", "2")
	order(b, "GetMany of nothing", get())
	order(b, "GetMany of many", get(manyIDs[domain.PostID]("3")...), "3")
}

func postOrder(b *bench) {
	var want []domain.PostID
	for _, id := range slices.Backward(tied) {
		b.post(domain.PostID(id), at(time.Hour), noon())
	}
	for _, id := range tied {
		want = append(want, domain.PostID(id))
	}
	b.post("early", at(time.Minute), at(5*time.Hour))
	b.post("draft", time.Time{}, at(30*time.Minute))
	b.post("later", at(time.Hour+time.Microsecond), noon())
	b.post("deleted", at(time.Hour), noon(), func(p *domain.Post) { p.State = domain.PostDeleted })
	want = append([]domain.PostID{"early", "draft"}, append(want, "later")...)
	order(b, "list", b.posts(store.PostFilter{}), want...)
	order(b, "list with a limit", b.posts(store.PostFilter{Page: store.Page{Limit: 3}}), want[:3]...)
}

func postTimes(b *bench) {
	b.post("a", noon(), noon())
	b.post("b", at(time.Microsecond), noon())
	b.post("c", time.Time{}, at(2*time.Microsecond))
	b.post("d", at(time.Hour), noon())
	east := time.FixedZone("east", 3600)
	order(b, "From is included and To is not",
		b.posts(store.PostFilter{From: at(time.Microsecond).In(east), To: at(time.Hour)}), "b", "c")
	order(b, "From alone", b.posts(store.PostFilter{From: at(2 * time.Microsecond)}), "c", "d")
	order(b, "To alone", b.posts(store.PostFilter{To: at(time.Microsecond)}), "a")
	order(b, "From behind To", b.posts(store.PostFilter{From: at(time.Hour), To: noon()}))
	after := store.Position{At: noon(), ID: "a"}
	order(b, "After and From", b.posts(store.PostFilter{From: at(2 * time.Microsecond), Page: store.Page{Limit: 9, After: after}}), "c", "d")
	order(b, "After and To", b.posts(store.PostFilter{To: at(time.Hour), Page: store.Page{Limit: 9, After: after}}), "b", "c")
}

func postFilters(b *bench) {
	nasty := domain.ChannelID(`x"%_\'?`)
	on := func(ids ...domain.ChannelID) func(*domain.Post) {
		return func(p *domain.Post) {
			for _, id := range ids {
				p.Targets = append(p.Targets, domain.Target{Channel: id})
			}
		}
	}
	b.post("a", at(1), noon(), on("x"))
	b.post("b", at(2000), noon(), on("xy", nasty))
	b.post("c", at(3000), noon(), on("y", "x"))
	b.post("d", time.Time{}, at(4000), on("x"))
	order(b, "by channel", b.posts(store.PostFilter{Channel: "x"}), "a", "c", "d")
	order(b, "by a channel with a difficult id", b.posts(store.PostFilter{Channel: nasty}), "b")
	order(b, "by a channel that nothing goes to", b.posts(store.PostFilter{Channel: "%"}))
	order(b, "by state", b.posts(store.PostFilter{State: domain.PostDraft}), "d")
	order(b, "by deleted state", b.posts(store.PostFilter{State: domain.PostDeleted}))

	b.delivery("1", func(d *domain.Delivery) { d.Post, d.State = "a", domain.DeliveryFailed })
	b.delivery("2", func(d *domain.Delivery) { d.Post, d.State = "a", domain.DeliveryUnknown })
	b.delivery("3", func(d *domain.Delivery) { d.Post, d.State = "b", domain.DeliveryUnknown })
	b.delivery("4", func(d *domain.Delivery) { d.Post, d.State = "c", domain.DeliveryPublished })
	b.delivery("5", func(d *domain.Delivery) { d.Post, d.State, d.Organization = "c", domain.DeliveryFailed, theirs })
	states := []domain.DeliveryState{domain.DeliveryFailed, domain.DeliveryUnknown}
	order(b, "by the state of deliveries", b.posts(store.PostFilter{Deliveries: states}), "a", "b")
	order(b, "by all at once", b.posts(store.PostFilter{Deliveries: states, Channel: "x", State: domain.PostScheduled}), "a")
	order(b, "filtered, with a limit", b.posts(store.PostFilter{Channel: "x", Page: store.Page{Limit: 2}}), "a", "c")
}

func postListTenants(b *bench) {
	b.post("mine", noon(), noon())
	b.post("foreign", noon(), noon(), func(p *domain.Post) { p.Organization = theirs })
	order(b, "list", b.posts(store.PostFilter{}), "mine")
	got := must2[[]domain.Post](b, "list")(b.Posts().List(b, theirs, store.PostFilter{
		Page: store.Page{Limit: 9, After: store.Position{At: at(-time.Hour), ID: "x"}},
	}))
	order(b, "their list", postIDs(got), "foreign")
	p := postKind().new(b)
	p.Organization = theirs
	if err := b.Posts().Insert(b, ours, p); err == nil {
		b.errorf("insert of a row of another organization: got no error, want one")
	}
	got = must2[[]domain.Post](b, "list")(b.Posts().List(b, theirs, store.PostFilter{Page: store.Page{Limit: 9}}))
	order(b, "their list after somebody else's insert", postIDs(got), "foreign")
}

func postPages(b *bench) {
	for limit := 1; limit <= 5; limit++ {
		prefix := domain.PostID(fmt.Sprintf("%d-", limit))
		from := at(time.Duration(limit) * time.Hour)
		f := store.PostFilter{Page: store.Page{Limit: limit}, From: from, To: from.Add(time.Hour)}
		var want, got []domain.PostID
		for i, id := range tied {
			due := from.Add(time.Duration(i/3) * time.Microsecond)
			want = append(want, prefix+domain.PostID(id))
			b.post(prefix+domain.PostID(id), due, noon())
		}
		for i := range 30 {
			page := must2[[]domain.Post](b, "list")(b.Posts().List(b, ours, f))
			if len(page) == 0 {
				break
			}
			got = append(got, postIDs(page)...)
			last := page[len(page)-1]
			f.After = store.Position{At: store.ListTime(last), ID: string(last.ID)}
			// A row before the reader must neither repeat nor hide another.
			b.post(domain.PostID(fmt.Sprintf("%s0-%d", prefix, i)), from, noon())
		}
		got = slices.DeleteFunc(got, func(id domain.PostID) bool { return !slices.Contains(want, id) })
		order(b, fmt.Sprintf("pages of %d", limit), got, want...)
	}
}

func postListFollows(b *bench) {
	b.post("a", noon(), noon())
	b.post("b", at(time.Minute), noon())
	set := func(id domain.PostID, change func(*domain.Post)) {
		_, err := b.Posts().Update(b, ours, id, func(p *domain.Post) error { change(p); return nil })
		b.must(err, "update")
	}
	set("a", func(p *domain.Post) { p.DueAt = at(time.Hour) })
	order(b, "after a change of the due time", b.posts(store.PostFilter{}), "b", "a")
	set("b", func(p *domain.Post) { p.Targets = []domain.Target{{Channel: "new"}} })
	order(b, "after a change of the targets", b.posts(store.PostFilter{Channel: "new"}), "b")
	set("b", func(p *domain.Post) { p.DueAt, p.CreatedAt = time.Time{}, at(2*time.Hour) })
	order(b, "after the due time was taken away", b.posts(store.PostFilter{}), "a", "b")
	set("a", func(p *domain.Post) { p.State = domain.PostDeleted })
	order(b, "after a delete", b.posts(store.PostFilter{}), "b")
}
