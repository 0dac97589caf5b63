package storetest

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/store"
)

func failureChecks() []Check {
	return []Check{
		{"failure/is grouped by its cause", failureGroups},
		{"failure/groups are narrowed", failureFilters},
		{"failure/lists the newest first, in pages", failurePages},
		{"failure/keeps tenants apart", failureTenants},
		{"failure/follows changes", failureFollows},
	}
}

// failure stores a delivery that failed at a time, and its post unless that is
// there.
func (b *bench) failure(id domain.DeliveryID, since time.Time, set ...func(*domain.Delivery)) {
	d := b.delivery(id, append([]func(*domain.Delivery){func(d *domain.Delivery) {
		d.State, d.WakeAt, d.UpdatedAt = domain.DeliveryFailed, time.Time{}, since
		d.Reason = domain.Reason{Code: "rejected", Message: "No to " + string(id), Evidence: "evidence"}
	}}, set...)...)
	if _, err := b.Posts().Get(b, d.Organization, d.Post); err != nil {
		b.post(d.Post, noon(), noon(), func(p *domain.Post) { p.Organization, p.Author = d.Organization, "ann" })
	}
}

func because(s domain.DeliveryState, code string) func(*domain.Delivery) {
	return func(d *domain.Delivery) { d.State, d.Reason.Code = s, code }
}

func (b *bench) groups(o org, f store.FailureFilter) []store.FailureGroup {
	gs := must2[[]store.FailureGroup](b, "FailureGroups")(b.Deliveries().FailureGroups(b, o, f))
	slices.SortFunc(gs, func(x, y store.FailureGroup) int {
		return cmp.Or(cmp.Compare(x.State, y.State), cmp.Compare(x.Code, y.Code), cmp.Compare(x.Provider, y.Provider))
	})
	return gs
}

func (b *bench) failures(o org, f store.FailureFilter) []domain.DeliveryID {
	return deliveryIDs(must2[[]domain.Delivery](b, "ListFailures")(b.Deliveries().ListFailures(b, o, f, store.Page{Limit: 100})))
}

func (b *bench) wantGroups(what string, got []store.FailureGroup, want ...store.FailureGroup) {
	if !slices.Equal(got, want) {
		b.errorf("%s: got %+v, want %+v", what, got, want)
	}
}

func failureGroups(b *bench) {
	if got := b.groups(ours, store.FailureFilter{}); len(got) != 0 {
		b.errorf("groups of nothing: got %+v, want none", got)
	}
	b.failure("1", at(time.Minute))
	b.failure("3", at(3*time.Minute))
	b.failure("2", at(2*time.Minute))
	b.failure("4", at(time.Minute), because(domain.DeliveryMissed, "rejected"))
	b.failure("5", at(time.Minute), because(domain.DeliveryUnknown, nasty), func(d *domain.Delivery) { d.Channel = "other" })
	b.failure("6", at(time.Minute), because(domain.DeliveryUnknown, nasty))
	b.failure("7", at(time.Hour), because(domain.DeliveryBlocked, ""), func(d *domain.Delivery) { d.WakeAt = at(time.Hour) })
	b.failure("8", at(time.Hour), func(d *domain.Delivery) { d.Provider = "else" })
	for _, s := range domain.DeliveryStates() {
		if !s.NeedsAttention() {
			b.failure("not "+domain.DeliveryID(s), noon(), because(s, "rejected"))
		}
	}
	group := func(s domain.DeliveryState, code string, n int, first, last time.Duration, msg string) store.FailureGroup {
		return store.FailureGroup{
			Cause: store.Cause{State: s, Code: code, Provider: "provider"}, Count: n, Channel: "channel",
			First: at(first), Last: at(last), Message: "No to " + msg,
		}
	}
	elsewhere := group(domain.DeliveryFailed, "rejected", 1, time.Hour, time.Hour, "8")
	elsewhere.Provider = "else"
	several := group(domain.DeliveryUnknown, nasty, 2, time.Minute, time.Minute, "6")
	several.Channel = ""
	b.wantGroups("groups", b.groups(ours, store.FailureFilter{}),
		group(domain.DeliveryBlocked, "", 1, time.Hour, time.Hour, "7"), elsewhere,
		group(domain.DeliveryFailed, "rejected", 3, time.Minute, 3*time.Minute, "3"),
		group(domain.DeliveryMissed, "rejected", 1, time.Minute, time.Minute, "4"), several)
}

func failureFilters(b *bench) {
	odd := func(d *domain.Delivery) { d.Channel, d.Provider = `x"%_\'?`, `p?'` }
	b.failure("1", noon())
	b.failure("2", noon(), odd)
	b.failure("3", noon(), because(domain.DeliveryMissed, "late"))
	b.failure("4", noon(), because(domain.DeliveryUnknown, "late"))
	b.post("bobs", noon(), noon(), func(p *domain.Post) { p.Author = "bob" })
	b.failure("5", noon(), func(d *domain.Delivery) { d.Post = "bobs" })
	b.post("gone", noon(), noon(), func(p *domain.Post) { p.State = domain.PostDeleted })
	b.failure("6", noon(), func(d *domain.Delivery) { d.Post = "gone" })
	b.delivery("7", func(d *domain.Delivery) { d.Post, d.State = "never was", domain.DeliveryFailed })
	for _, c := range []struct {
		what   string
		f      store.FailureFilter
		groups int
		ids    []domain.DeliveryID
	}{
		{"nothing", store.FailureFilter{}, 4, []domain.DeliveryID{"5", "4", "3", "2", "1"}},
		{"the state", store.FailureFilter{States: []domain.DeliveryState{domain.DeliveryMissed, domain.DeliveryUnknown}}, 2, []domain.DeliveryID{"4", "3"}},
		{"a state of no failure", store.FailureFilter{States: []domain.DeliveryState{domain.DeliveryPublished}}, 0, nil},
		{"the code", store.FailureFilter{Code: "late"}, 2, []domain.DeliveryID{"4", "3"}},
		{"the platform", store.FailureFilter{Provider: `p?'`}, 1, []domain.DeliveryID{"2"}},
		{"the channel", store.FailureFilter{Channel: `x"%_\'?`}, 1, []domain.DeliveryID{"2"}},
		{"the author", store.FailureFilter{Author: "bob"}, 1, []domain.DeliveryID{"5"}},
		{"all at once", store.FailureFilter{
			States: []domain.DeliveryState{domain.DeliveryFailed}, Code: "rejected", Provider: "provider", Channel: "channel", Author: "ann",
		}, 1, []domain.DeliveryID{"1"}},
	} {
		order(b, "failures narrowed by "+c.what, b.failures(ours, c.f), c.ids...)
		n := 0
		gs := b.groups(ours, c.f)
		for _, g := range gs {
			n += g.Count
		}
		if len(gs) != c.groups || n != len(c.ids) {
			b.errorf("groups narrowed by %s: got %d with %d failures, want %d with %d", c.what, len(gs), n, c.groups, len(c.ids))
		}
	}
}

func failurePages(b *bench) {
	full := deliveryKind().new(b)
	full.State, full.Post, full.UpdatedAt = domain.DeliveryMissed, "post", at(-time.Hour)
	b.must(b.Deliveries().Insert(b, ours, full), "insert")
	var want []domain.DeliveryID
	for i, id := range tied {
		b.failure(domain.DeliveryID(id), at(time.Duration(i/3)*time.Microsecond))
		want = append(want, domain.DeliveryID(id))
	}
	slices.Reverse(want)
	want = append(want, full.ID)
	for limit := 1; limit <= 5; limit++ {
		p := store.Page{Limit: limit}
		var got []domain.Delivery
		for i := range 30 {
			page := must2[[]domain.Delivery](b, "ListFailures")(b.Deliveries().ListFailures(b, ours, store.FailureFilter{}, p))
			if len(page) == 0 || len(page) > limit {
				break
			}
			got = append(got, page...)
			last := page[len(page)-1]
			p.After = store.Position{At: last.UpdatedAt, ID: string(last.ID)}
			// What fails meanwhile neither repeats nor hides another.
			b.failure(domain.DeliveryID(fmt.Sprintf("new-%d-%d", limit, i)), at(time.Hour))
		}
		got = slices.DeleteFunc(got, func(d domain.Delivery) bool { return !slices.Contains(want, d.ID) })
		order(b, fmt.Sprintf("pages of %d", limit), deliveryIDs(got), want...)
		if len(got) == len(want) {
			b.same("the last one", got[len(got)-1:], []domain.Delivery{full})
		}
	}
}

func failureTenants(b *bench) {
	b.failure("ours", noon())
	b.failure("theirs", noon(), func(d *domain.Delivery) { d.Organization, d.Post = theirs, "their post" })
	// A post of another organization says nothing about a delivery.
	b.delivery("odd", func(d *domain.Delivery) { d.Post, d.State = "their post", domain.DeliveryFailed })
	order(b, "our failures", b.failures(ours, store.FailureFilter{}), "ours")
	order(b, "their failures", b.failures(theirs, store.FailureFilter{}), "theirs")
	for _, o := range []org{ours, theirs} {
		if gs := b.groups(o, store.FailureFilter{}); len(gs) != 1 || gs[0].Count != 1 {
			b.errorf("groups of %s: got %+v, want one with one failure", o, gs)
		}
	}
}

func failureFollows(b *bench) {
	b.failure("1", noon())
	set := func(change func(*domain.Delivery)) {
		_, err := b.Deliveries().Update(b, ours, "1", func(d *domain.Delivery) error { change(d); return nil })
		b.must(err, "update")
	}
	set(func(d *domain.Delivery) { d.Reason.Code, d.UpdatedAt = "other", at(time.Minute) })
	order(b, "of the old cause", b.failures(ours, store.FailureFilter{Code: "rejected"}))
	order(b, "of the new cause", b.failures(ours, store.FailureFilter{Code: "other"}), "1")
	if gs := b.groups(ours, store.FailureFilter{}); len(gs) != 1 || gs[0].Code != "other" || !gs[0].First.Equal(at(time.Minute)) {
		b.errorf("groups after another cause: got %+v, want one with the new cause", gs)
	}
	set(func(d *domain.Delivery) { d.State = domain.DeliveryScheduled })
	order(b, "once it goes on", b.failures(ours, store.FailureFilter{}))
	set(func(d *domain.Delivery) { d.State = domain.DeliveryBlocked })
	order(b, "once it stands still again", b.failures(ours, store.FailureFilter{}), "1")
	_, err := b.Posts().Update(b, ours, "post", func(p *domain.Post) error { p.State = domain.PostDeleted; return nil })
	b.must(err, "update")
	order(b, "once its post was deleted", b.failures(ours, store.FailureFilter{}))
}
