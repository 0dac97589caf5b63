package storetest

import (
	"errors"
	"fmt"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/store"
)

func channelChecks() []Check {
	return append([]Check{
		{"channel/an account is connected once", accountOnce},
		{"channel/is found by account", byAccount},
		{"channel/lists in order of creation", channelList},
		{"channel/lists in pages", channelPages},
		{"channel/gets many", channelsGetMany},
		{"connect/is taken once", connectOnce},
		{"connect/ends", connectEnds},
	}, renewalChecks()...)
}

func accountOnce(b *bench) {
	one, two := channelKind().new(b), channelKind().new(b)
	two.Provider, two.Account = one.Provider, one.Account
	b.must(b.Channels().Insert(b, ours, one), "insert")
	if err := b.Channels().Insert(b, ours, two); !errors.Is(err, fault.ErrConflict) {
		b.errorf("second channel of an account: got error %v, want fault.ErrConflict", err)
	}
	elsewhere := two
	elsewhere.ID, elsewhere.Organization = "elsewhere", theirs
	b.must(b.Channels().Insert(b, theirs, elsewhere), "insert of the account in another organization")
	two.Account = "another"
	b.must(b.Channels().Insert(b, ours, two), "insert")
	_, err := b.Channels().Update(b, ours, two.ID, func(c *domain.Channel) error { c.Account = one.Account; return nil })
	if !errors.Is(err, fault.ErrConflict) {
		b.errorf("update to an account that is taken: got error %v, want fault.ErrConflict", err)
	}
}

func byAccount(b *bench) {
	c := channelKind().new(b)
	c.State = domain.ChannelDisconnected
	b.must(b.Channels().Insert(b, ours, c), "insert")
	b.same("by account", must2[domain.Channel](b, "ByAccount")(b.Channels().ByAccount(b, ours, c.Provider, c.Account)), c)
	for name, find := range map[string]func() (domain.Channel, error){
		"another organization": func() (domain.Channel, error) { return b.Channels().ByAccount(b, theirs, c.Provider, c.Account) },
		"another provider":     func() (domain.Channel, error) { return b.Channels().ByAccount(b, ours, "other", c.Account) },
		"another account":      func() (domain.Channel, error) { return b.Channels().ByAccount(b, ours, c.Provider, "other") },
	} {
		if _, err := find(); !errors.Is(err, fault.ErrNotFound) {
			b.errorf("ByAccount of %s: got error %v, want fault.ErrNotFound", name, err)
		}
	}
}

// tied are ids that a database with a locale of its own would order otherwise.
var tied = []string{"A", "Z", "_", "a", "a-", "a0", "b", "é"}

func (b *bench) channels(n int, made time.Time) []domain.Channel {
	var out []domain.Channel
	for i := range n {
		c := channelKind().new(b)
		c.ID, c.State, c.CreatedAt = domain.ChannelID(tied[i%len(tied)]+fmt.Sprint(i/len(tied))), domain.ChannelActive, made
		out = append(out, c)
	}
	for i := len(out) - 1; i >= 0; i-- {
		b.must(b.Channels().Insert(b, ours, out[i]), "insert")
	}
	return out
}

func channelList(b *bench) {
	late := b.channels(2, at(time.Second))
	early := channelKind().new(b)
	early.ID, early.CreatedAt, early.State = "zz", noon(), domain.ChannelReconnect
	gone, foreign := channelKind().new(b), channelKind().new(b)
	gone.State, foreign.Organization = domain.ChannelDisconnected, theirs
	b.must(b.Channels().Insert(b, ours, early), "insert")
	b.must(b.Channels().Insert(b, ours, gone), "insert")
	b.must(b.Channels().Insert(b, theirs, foreign), "insert")
	got := must2[[]domain.Channel](b, "list")(b.Channels().List(b, ours, store.ChannelFilter{Page: store.Page{Limit: 10}}))
	b.same("list", got, append([]domain.Channel{early}, late...))
	_, err := b.Channels().Update(b, ours, early.ID, func(c *domain.Channel) error { return c.Disconnect(noon()) })
	b.must(err, "update")
	got = must2[[]domain.Channel](b, "list")(b.Channels().List(b, ours, store.ChannelFilter{Page: store.Page{Limit: 10}}))
	b.same("list after a disconnect", got, late)
}

func channelPages(b *bench) {
	want := b.channels(9, noon())
	for limit := 1; limit <= 10; limit++ {
		var got []domain.Channel
		p := store.Page{Limit: limit}
		for range 20 {
			page := must2[[]domain.Channel](b, "list")(b.Channels().List(b, ours, store.ChannelFilter{Page: p}))
			if len(page) > limit {
				b.fatalf("page of %d channels, want at most %d", len(page), limit)
			}
			if len(page) == 0 {
				break
			}
			got = append(got, page...)
			last := page[len(page)-1]
			p.After = store.Position{At: last.CreatedAt, ID: string(last.ID)}
		}
		if g, w := channelIDs(got), channelIDs(inOrder(want)); fmt.Sprint(g) != fmt.Sprint(w) {
			b.errorf("pages of %d: got %v, want %v", limit, g, w)
		}
	}
}

func channelsGetMany(b *bench) {
	cs := b.channels(3, noon())
	foreign := channelKind().new(b)
	foreign.Organization = theirs
	b.must(b.Channels().Insert(b, theirs, foreign), "insert")
	got := must2[[]domain.Channel](b, "GetMany")(b.Channels().GetMany(b, ours,
		[]domain.ChannelID{cs[2].ID, "none", cs[0].ID, foreign.ID, cs[2].ID}))
	b.same("GetMany", inOrder(got), inOrder([]domain.Channel{cs[0], cs[2]}))
	if got := must2[[]domain.Channel](b, "GetMany")(b.Channels().GetMany(b, ours, nil)); len(got) != 0 {
		b.errorf("GetMany of nothing: got %d, want 0", len(got))
	}
	got = must2[[]domain.Channel](b, "GetMany of many")(b.Channels().GetMany(b, ours, manyIDs(cs[1].ID)))
	b.same("GetMany of many", got, cs[1:2])
}

// manyIDs are more ids than a database takes as parameters, one of them real.
func manyIDs[ID ~string](real ID) []ID {
	ids := make([]ID, 40000)
	for i := range ids {
		ids[i] = ID(fmt.Sprintf("none-%06d", i))
	}
	ids[len(ids)/2] = real
	return ids
}

func connectOnce(b *bench) {
	c := connectKind().new(b)
	b.must(b.Connects().Insert(b, c), "insert")
	got := make(chan store.Connect, 10)
	b.parallel(cap(got), func(int) {
		c, err := b.Connects().Take(b, c.StateHash, c.ExpiresAt.Add(-time.Minute))
		switch {
		case err == nil:
			got <- c
		case !errors.Is(err, fault.ErrNotFound):
			b.errorf("parallel take: got error %q, want fault.ErrNotFound", err)
		}
	})
	if len(got) != 1 {
		b.fatalf("a flow was taken %d times, want once", len(got))
	}
	b.same("flow", <-got, c)
}

func connectEnds(b *bench) {
	c, living := connectKind().new(b), connectKind().new(b)
	c.ExpiresAt, living.ExpiresAt = noon(), at(2*time.Hour)
	b.must(b.Connects().Insert(b, c), "insert")
	b.must(b.Connects().Insert(b, living), "insert")
	if _, err := b.Connects().Take(b, c.StateHash, at(time.Microsecond)); !errors.Is(err, fault.ErrNotFound) {
		b.errorf("take of a flow that ended: got error %v, want fault.ErrNotFound", err)
	}
	b.must(b.Connects().Purge(b, at(time.Hour)), "purge")
	if _, err := b.Connects().Take(b, c.StateHash, at(-time.Hour)); !errors.Is(err, fault.ErrNotFound) {
		b.errorf("take of a flow that was purged: got error %v, want fault.ErrNotFound", err)
	}
	_, err := b.Connects().Take(b, living.StateHash, at(time.Hour))
	b.must(err, "take of a flow that outlived the purge")
}
