package storetest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/store"
)

func keyChecks() []Check {
	return []Check{
		{"api key/is found by its hash", keyByHash},
		{"api key/lists the newest first, in pages", keyPages},
		{"audit/appends all or nothing", auditAtomic},
		{"audit/lists the newest first, in pages", auditPages},
		{"audit/is narrowed", auditFilters},
		{"group/a name is taken once", groupNames},
		{"group/lists in order of creation, in pages", groupPages},
		{"group/is taken from its channels when deleted", groupDelete},
		{"group/narrows channels and posts", groupFilters},
		{"reach/narrows channels, posts and failures", reachFilters},
	}
}

func apiKeyKind() kind[domain.APIKey] {
	type T = domain.APIKey
	return kind[T]{
		name: "api key",
		keys: func(v *T) (*string, *org, *int) { return (*string)(&v.ID), &v.Organization, &v.Version },
		insert: func(ctx context.Context, r store.Repos, v T) error {
			return r.APIKeys().Insert(ctx, v.Organization, v)
		},
		get: func(ctx context.Context, r store.Repos, v T) (T, error) {
			return r.APIKeys().Get(ctx, v.Organization, v.ID)
		},
		update: func(ctx context.Context, r store.Repos, v T, change func(*T) error) (T, error) {
			return r.APIKeys().Update(ctx, v.Organization, v.ID, change)
		},
		counter: func(v *T) *string { return &v.Name },
	}
}

func auditKind() kind[domain.AuditEntry] {
	type T = domain.AuditEntry
	return kind[T]{
		name:   "audit",
		keys:   func(v *T) (*string, *org, *int) { return (*string)(&v.ID), &v.Organization, nil },
		insert: func(ctx context.Context, r store.Repos, v T) error { return r.Audit().Append(ctx, v) },
		get: func(ctx context.Context, r store.Repos, v T) (T, error) {
			es, err := r.Audit().List(ctx, v.Organization, store.AuditFilter{Page: store.Page{Limit: 1000}})
			for _, e := range es {
				if e.ID == v.ID {
					return e, nil
				}
			}
			if err == nil {
				err = fault.ErrNotFound
			}
			return T{}, err
		},
	}
}

func groupKind() kind[domain.Group] {
	type T = domain.Group
	return kind[T]{
		name:   "group",
		keys:   func(v *T) (*string, *org, *int) { return (*string)(&v.ID), &v.Organization, &v.Version },
		insert: func(ctx context.Context, r store.Repos, v T) error { return r.Groups().Insert(ctx, v.Organization, v) },
		get: func(ctx context.Context, r store.Repos, v T) (T, error) {
			return r.Groups().Get(ctx, v.Organization, v.ID)
		},
		update: func(ctx context.Context, r store.Repos, v T, change func(*T) error) (T, error) {
			return r.Groups().Update(ctx, v.Organization, v.ID, change)
		},
		counter: func(v *T) *string { return &v.Name },
	}
}

func keyByHash(b *bench) {
	one, two := apiKeyKind().new(b), apiKeyKind().new(b)
	two.Hash, two.Organization = one.Hash, theirs
	b.must(b.APIKeys().Insert(b, ours, one), "insert")
	if err := b.APIKeys().Insert(b, theirs, two); !errors.Is(err, fault.ErrConflict) {
		b.errorf("a hash that another organization has: got error %v, want fault.ErrConflict", err)
	}
	two.Hash = "two"
	b.must(b.APIKeys().Insert(b, theirs, two), "insert")
	b.same("by hash", must2[domain.APIKey](b, "ByHash")(b.APIKeys().ByHash(b, "two")), two)
	_, err := b.APIKeys().Update(b, theirs, two.ID, func(k *domain.APIKey) error { k.Hash = "new"; return nil })
	b.must(err, "update")
	for _, gone := range []string{"two", "", "%"} {
		if _, err := b.APIKeys().ByHash(b, gone); !errors.Is(err, fault.ErrNotFound) {
			b.errorf("by the hash %q that no key has: got error %v, want fault.ErrNotFound", gone, err)
		}
	}
	if got := must2[domain.APIKey](b, "ByHash")(b.APIKeys().ByHash(b, "new")); got.ID != two.ID {
		b.errorf("by the new hash: got %s, want %s", got.ID, two.ID)
	}
}

// paged reads a list page by page and reports unless it comes in this order.
func paged[T any](b *bench, what string, list func(store.Page) ([]T, error), at func(T) store.Position, want ...string) {
	for limit := 1; limit <= len(want)+1; limit++ {
		var got []string
		p := store.Page{Limit: limit}
		for range len(want) + 2 {
			page := must2[[]T](b, what)(list(p))
			if len(page) > limit {
				b.fatalf("%s: got a page of %d, want at most %d", what, len(page), limit)
			}
			if len(page) == 0 {
				break
			}
			for _, v := range page {
				got = append(got, at(v).ID)
			}
			p.After = at(page[len(page)-1])
		}
		order(b, fmt.Sprintf("%s in pages of %d", what, limit), got, want...)
	}
}

func keyPages(b *bench) {
	for _, k := range []struct {
		id   domain.APIKeyID
		made time.Duration
		org  org
		over bool
	}{
		{"old", 0, ours, false},
		{"A", 1, ours, false},
		{"a", 1, ours, false},
		{"_", 1, ours, false},
		{"new", time.Hour, ours, false},
		{"foreign", 1, theirs, false},
		{"revoked", 1, ours, true},
	} {
		v := apiKeyKind().new(b)
		v.ID, v.Organization, v.CreatedAt, v.RevokedAt = k.id, k.org, at(k.made*time.Microsecond), time.Time{}
		if k.over {
			v.RevokedAt = noon()
		}
		b.must(b.APIKeys().Insert(b, k.org, v), "insert")
	}
	paged(b, "keys", func(p store.Page) ([]domain.APIKey, error) { return b.APIKeys().List(b, ours, p) },
		func(k domain.APIKey) store.Position { return store.Position{At: k.CreatedAt, ID: string(k.ID)} },
		"new", "a", "_", "A", "old")
}

func (b *bench) audited(id domain.AuditID, after time.Duration, set func(*domain.AuditEntry)) {
	e := domain.AuditEntry{ID: id, Organization: ours, At: at(after)}
	if set != nil {
		set(&e)
	}
	b.must(b.Audit().Append(b, e), "append")
}

func auditAtomic(b *bench) {
	b.must(b.Audit().Append(b), "append of nothing")
	b.audited("a", 0, nil)
	one := domain.AuditEntry{ID: "b", Organization: ours, At: noon()}
	again := one
	again.ID = "a"
	if err := b.Audit().Append(b, one, again); !errors.Is(err, fault.ErrConflict) {
		b.errorf("append of an id that is there: got error %v, want fault.ErrConflict", err)
	}
	b.wantAudit("after a refused append", ours, store.AuditFilter{}, "a")
}

func (b *bench) wantAudit(what string, o org, f store.AuditFilter, want ...domain.AuditID) {
	f.Limit = 100
	es := must2[[]domain.AuditEntry](b, what)(b.Audit().List(b, o, f))
	order(b, what, names(es, func(e domain.AuditEntry) domain.AuditID { return e.ID }), want...)
}

func auditPages(b *bench) {
	b.audited("b", 0, nil)
	b.audited("_", 0, nil)
	b.audited("B", 0, nil)
	b.audited("new", time.Microsecond, nil)
	b.audited("old", -time.Microsecond, nil)
	b.audited("foreign", 0, func(e *domain.AuditEntry) { e.Organization = theirs })
	paged(b, "audit", func(p store.Page) ([]domain.AuditEntry, error) {
		return b.Audit().List(b, ours, store.AuditFilter{Page: p})
	}, func(e domain.AuditEntry) store.Position { return store.Position{At: e.At, ID: string(e.ID)} }, "new", "b", "_", "B", "old")
	b.wantAudit("theirs", theirs, store.AuditFilter{}, "foreign")
}

func auditFilters(b *bench) {
	b.audited("1", 0, func(e *domain.AuditEntry) { e.User, e.Action = "ann", "post.deleted" })
	b.audited("2", 1000, func(e *domain.AuditEntry) { e.User, e.Key, e.Resource = "ann", "key", "post" })
	b.audited("3", 2000, func(e *domain.AuditEntry) { e.User, e.Resource, e.ResourceID = "bob", "post", nasty })
	b.audited("4", 2000, func(e *domain.AuditEntry) { e.Organization, e.User = theirs, "ann" })
	b.wantAudit("by user", ours, store.AuditFilter{User: "ann"}, "2", "1")
	b.wantAudit("by key", ours, store.AuditFilter{Key: "key"}, "2")
	b.wantAudit("by action", ours, store.AuditFilter{Action: "post.deleted"}, "1")
	b.wantAudit("by resource", ours, store.AuditFilter{Resource: "post"}, "3", "2")
	b.wantAudit("by resource and id", ours, store.AuditFilter{Resource: "post", ResourceID: nasty}, "3")
	b.wantAudit("by a part of an action", ours, store.AuditFilter{Action: "post"})
	b.wantAudit("from, included", ours, store.AuditFilter{From: at(1000)}, "3", "2")
	b.wantAudit("to, not included", ours, store.AuditFilter{To: at(2000)}, "2", "1")
	b.wantAudit("all at once", ours, store.AuditFilter{User: "ann", Resource: "post", From: noon(), To: at(2000)}, "2")
}

func groupNames(b *bench) {
	one, two := groupKind().new(b), groupKind().new(b)
	two.Name = one.Name
	b.must(b.Groups().Insert(b, ours, one), "insert")
	if err := b.Groups().Insert(b, ours, two); !errors.Is(err, fault.ErrConflict) {
		b.errorf("insert with a name that is taken: got error %v, want fault.ErrConflict", err)
	}
	foreign := two
	foreign.ID, foreign.Organization = "foreign", theirs
	b.must(b.Groups().Insert(b, theirs, foreign), "insert of the name in another organization")
	two.Name = "free"
	b.must(b.Groups().Insert(b, ours, two), "insert")
	_, err := b.Groups().Update(b, ours, two.ID, func(g *domain.Group) error { g.Name = one.Name; return nil })
	if !errors.Is(err, fault.ErrConflict) {
		b.errorf("update to a name that is taken: got error %v, want fault.ErrConflict", err)
	}
}

// group stores a group.
func (b *bench) group(id domain.GroupID, o org, made time.Duration) {
	b.must(b.Groups().Insert(b, o, domain.Group{ID: id, Organization: o, Name: string(id), CreatedAt: at(made), Version: 1}), "insert")
}

func groupPages(b *bench) {
	b.group("a", ours, 1000)
	b.group("B", ours, 1000)
	b.group("_", ours, 1000)
	b.group("first", ours, 0)
	b.group("foreign", theirs, 1000)
	paged(b, "groups", func(p store.Page) ([]domain.Group, error) { return b.Groups().List(b, ours, p) },
		func(g domain.Group) store.Position { return store.Position{At: g.CreatedAt, ID: string(g.ID)} },
		"first", "B", "_", "a")
}

// grouped stores an active channel of a group.
func (b *bench) grouped(id domain.ChannelID, o org, g domain.GroupID) {
	c := channelKind().new(b)
	c.ID, c.Organization, c.Group, c.State, c.CreatedAt = id, o, g, domain.ChannelActive, noon()
	b.must(b.Channels().Insert(b, o, c), "insert")
}

func groupDelete(b *bench) {
	b.group("g", ours, 0)
	b.group("keep", ours, 0)
	b.grouped("1", ours, "g")
	b.grouped("2", ours, "keep")
	b.grouped("3", theirs, "g")
	if err := b.Groups().Delete(b, theirs, "g"); !errors.Is(err, fault.ErrNotFound) {
		b.errorf("delete of another organization's group: got error %v, want fault.ErrNotFound", err)
	}
	b.must(b.Groups().Delete(b, ours, "g"), "delete")
	if err := b.Groups().Delete(b, ours, "g"); !errors.Is(err, fault.ErrNotFound) {
		b.errorf("second delete: got error %v, want fault.ErrNotFound", err)
	}
	if _, err := b.Groups().Get(b, ours, "g"); !errors.Is(err, fault.ErrNotFound) {
		b.errorf("get after delete: got error %v, want fault.ErrNotFound", err)
	}
	for _, want := range []struct {
		o  org
		id domain.ChannelID
		g  domain.GroupID
	}{{ours, "1", ""}, {ours, "2", "keep"}, {theirs, "3", "g"}} {
		if c := must2[domain.Channel](b, "get")(b.Channels().Get(b, want.o, want.id)); c.Group != want.g {
			b.errorf("the group of channel %s: got %q, want %q", want.id, c.Group, want.g)
		}
	}
}

func (b *bench) channelsBy(f store.ChannelFilter) []domain.ChannelID {
	f.Limit = 100
	return channelIDs(must2[[]domain.Channel](b, "list")(b.Channels().List(b, ours, f)))
}

// to gives a post its channels.
func to(ids ...domain.ChannelID) func(*domain.Post) {
	return func(p *domain.Post) {
		for _, id := range ids {
			p.Targets = append(p.Targets, domain.Target{Channel: id})
		}
	}
}

func groupFilters(b *bench) {
	b.grouped("1", ours, "g")
	b.grouped("2", ours, "h")
	b.grouped("3", ours, "g")
	b.grouped("4", theirs, "g")
	order(b, "channels of a group", b.channelsBy(store.ChannelFilter{Group: "g"}), "1", "3")
	order(b, "channels of no such group", b.channelsBy(store.ChannelFilter{Group: "%"}))
	b.post("a", at(1000), noon(), to("1"))
	b.post("b", at(2000), noon(), to("2", "3"))
	b.post("c", at(3000), noon(), to("2"))
	b.post("d", at(4000), noon(), to("4"))
	b.post("e", at(5000), noon())
	order(b, "posts of a group", b.posts(store.PostFilter{Group: "g"}), "a", "b")
	order(b, "posts of a group and a channel", b.posts(store.PostFilter{Group: "h", Channel: "3"}), "b")
}

func reachFilters(b *bench) {
	odd := domain.ChannelID(`x"%_\'?`)
	b.grouped("1", ours, "g")
	b.grouped("2", ours, "")
	b.grouped(odd, ours, "")
	b.grouped("4", theirs, "")
	order(b, "some channels", b.channelsBy(store.ChannelFilter{Among: []domain.ChannelID{odd, "1", "4"}}), "1", odd)
	order(b, "some channels of a group", b.channelsBy(store.ChannelFilter{Among: []domain.ChannelID{"1", "2"}, Group: "g"}), "1")

	repost := func(by domain.ChannelID) func(*domain.Post) {
		return func(p *domain.Post) {
			p.After = []domain.After{{Do: domain.ActionComment}, {Do: domain.ActionRepost, Channel: by}}
		}
	}
	b.post("a", at(1000), noon(), to("1"))
	b.post("b", at(2000), noon(), to("1", "2"))
	b.post("c", at(3000), noon(), to(odd, "1"), repost(odd))
	b.post("d", at(4000), noon(), to("1"), repost("2"))
	b.post("e", at(5000), noon())
	order(b, "posts of some channels", b.posts(store.PostFilter{Among: []domain.ChannelID{"1", odd}}), "a", "c")
	order(b, "posts of one channel", b.posts(store.PostFilter{Among: []domain.ChannelID{"1"}}), "a")
	order(b, "posts of a channel of others", b.posts(store.PostFilter{Among: []domain.ChannelID{"4"}}))

	b.failure("f1", noon(), func(d *domain.Delivery) { d.Channel = "1" })
	b.failure("f2", at(time.Second), func(d *domain.Delivery) { d.Channel = "2" })
	order(b, "failures of some channels", b.failures(ours, store.FailureFilter{Among: []domain.ChannelID{"1", odd}}), "f1")
	if n := len(b.groups(ours, store.FailureFilter{Among: []domain.ChannelID{odd}})); n != 0 {
		b.errorf("groups of failures of a channel without one: got %d, want 0", n)
	}
}
