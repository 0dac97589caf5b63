package access_test

import (
	"testing"

	"github.com/crierhq/crier/core/access"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/permit"
)

func TestWhatNoKeyMayDo(t *testing.T) {
	t.Parallel()
	c := access.New(permit.Default())
	key := domain.Actor{Organization: "o", User: "u", Role: domain.RoleOwner, Key: "k"}
	narrow := key
	narrow.Reach = domain.NewReach([]domain.ChannelID{"c"})
	for _, tc := range []struct {
		res             permit.Resource
		act             permit.Action
		wide, andNarrow bool
	}{
		{permit.Posts, permit.Delete, true, true},
		{permit.Channels, permit.Update, true, true},
		{permit.Channels, permit.Create, true, false},
		{permit.Media, permit.Create, true, true},
		{permit.Media, permit.Delete, true, false},
		{permit.Groups, permit.Read, true, false},
		{permit.Organization, permit.Read, true, true},
		{permit.Organization, permit.Update, true, false},
		{permit.Audit, permit.Read, true, false},
		{permit.Members, permit.Read, true, false},
		{permit.Members, permit.Create, false, false},
		{permit.APIKeys, permit.Read, false, false},
		{permit.Account, permit.Read, false, false},
		{permit.Ownership, permit.Update, false, false},
		{permit.Installation, permit.Update, false, false},
	} {
		for a, want := range map[domain.Actor]bool{key: tc.wide, narrow: tc.andNarrow} {
			if got := c.Check(a, tc.res, tc.act); (got == nil) != want || got != nil && fault.KindOf(got) != fault.Denied {
				t.Errorf("%s %s, limited to channels: %t: got %v, want it to be allowed: %t", tc.act, tc.res, a.Reach != nil, got, want)
			}
		}
		if tc.wide && !access.KeysMay(tc.res, tc.act) {
			t.Errorf("%s %s: KeysMay says no", tc.act, tc.res)
		}
	}
	if access.CheckWhole(key) != nil || fault.KindOf(access.CheckWhole(narrow)) != fault.Denied {
		t.Error("CheckWhole lets through who is limited to some channels, or holds up who is not")
	}
	// The policy still decides: what a viewer may not do, their key may not.
	if err := c.Check(domain.Actor{Organization: "o", User: "u", Role: domain.RoleViewer, Key: "k"}, permit.Posts, permit.Create); fault.KindOf(err) != fault.Denied {
		t.Errorf("got %v, want it denied", err)
	}
}

func TestReach(t *testing.T) {
	t.Parallel()
	var all *domain.Reach
	some := domain.NewReach([]domain.ChannelID{"a", "b"})
	post := func(after domain.ChannelID, to ...domain.ChannelID) domain.Post {
		p := domain.Post{After: []domain.After{{Channel: after}}}
		for _, id := range to {
			p.Targets = append(p.Targets, domain.Target{Channel: id})
		}
		return p
	}
	for name, tc := range map[string]struct {
		p    domain.Post
		want bool
	}{
		"within":           {post("b", "a"), true},
		"nothing after":    {post("", "a", "b"), true},
		"across":           {post("", "a", "c"), false},
		"reposted outside": {post("c", "a"), false},
		"nowhere":          {post(""), false},
	} {
		if got := some.CoversPost(tc.p); got != tc.want || !all.CoversPost(tc.p) {
			t.Errorf("%s: got %t, want %t, and all of it covered by the nil Reach", name, got, tc.want)
		}
	}
	if !all.Covers("x") || some.Covers("a", "x") || all.Channels() != nil || domain.NewReach(nil) != nil || len(some.Channels()) != 2 {
		t.Error("a reach covers what it should not, or the other way round")
	}
}
