package storetest_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/memstore"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/store"
)

func TestWrongKeysAuditsAndGroupsAreFound(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		wrong patches
		found []string
	}{
		"keys are looked for by id": {patches{apiKeys: func(k store.APIKeys) store.APIKeys { return byID{k} }}, []string{"api key/is found by its hash"}},
		"revoked keys are listed":   {patches{apiKeys: func(k store.APIKeys) store.APIKeys { return listsDead{k} }}, []string{"api key/lists the newest first, in pages"}},
		"appends half":              {patches{audit: func(a store.Audit) store.Audit { return oneByOne{a} }}, []string{"audit/appends all or nothing"}},
		"audit filters are ignored": {patches{audit: func(a store.Audit) store.Audit { return unfiltered{a} }}, []string{"audit/is narrowed"}},
		"audit pages start over":    {patches{audit: func(a store.Audit) store.Audit { return startsOver{a} }}, []string{"audit/lists the newest first, in pages"}},
		"groups come as they like":  {patches{groups: func(g store.Groups) store.Groups { return groupsBackwards{g} }}, []string{"group/lists in order of creation, in pages"}},
		"groups share names":        {patches{groups: func(g store.Groups) store.Groups { return namesakes{g} }}, []string{"group/a name is taken once"}},
		"groups leave traces":       {patches{groups: func(g store.Groups) store.Groups { return halfDeleted{g} }}, []string{"group/is taken from its channels when deleted"}},
		"channels are not narrowed": {
			patches{channels: func(c store.Channels) store.Channels { return allChannels{c} }},
			[]string{"group/narrows channels and posts", "reach/narrows channels, posts and failures"},
		},
		"posts are not narrowed": {
			patches{posts: func(p store.Posts) store.Posts {
				return lists{p, func(f *store.PostFilter) { f.Group, f.Among = "", nil }, nil}
			}},
			[]string{"group/narrows channels and posts", "reach/narrows channels, posts and failures"},
		},
	} {
		for _, c := range tc.found {
			base := memstore.New()
			if len(check(t, c).Findings(t.Context(), wrong{wrongRepos{base, tc.wrong}, base})) == 0 {
				t.Errorf("%s: %q finds nothing", name, c)
			}
		}
	}
}

type byID struct{ store.APIKeys }

func (s byID) ByHash(ctx context.Context, hash string) (domain.APIKey, error) {
	return s.Get(ctx, "org-ours", domain.APIKeyID(hash))
}

type listsDead struct{ store.APIKeys }

func (s listsDead) Insert(ctx context.Context, org domain.OrganizationID, k domain.APIKey) error {
	k.RevokedAt = time.Time{}
	return s.APIKeys.Insert(ctx, org, k)
}

type oneByOne struct{ store.Audit }

func (s oneByOne) Append(ctx context.Context, entries ...domain.AuditEntry) error {
	for _, e := range entries {
		if err := s.Audit.Append(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

type unfiltered struct{ store.Audit }

func (s unfiltered) List(ctx context.Context, org domain.OrganizationID, f store.AuditFilter) ([]domain.AuditEntry, error) {
	return s.Audit.List(ctx, org, store.AuditFilter{Page: f.Page})
}

type startsOver struct{ store.Audit }

func (s startsOver) List(ctx context.Context, org domain.OrganizationID, f store.AuditFilter) ([]domain.AuditEntry, error) {
	f.After = store.Position{}
	return s.Audit.List(ctx, org, f)
}

type groupsBackwards struct{ store.Groups }

func (s groupsBackwards) List(ctx context.Context, org domain.OrganizationID, p store.Page) ([]domain.Group, error) {
	out, err := s.Groups.List(ctx, org, p)
	slices.Reverse(out)
	return out, err
}

type namesakes struct{ store.Groups }

func (s namesakes) Insert(ctx context.Context, org domain.OrganizationID, g domain.Group) error {
	g.Name += string(g.ID)
	return s.Groups.Insert(ctx, org, g)
}

type halfDeleted struct{ store.Groups }

func (s halfDeleted) Delete(ctx context.Context, org domain.OrganizationID, id domain.GroupID) error {
	g, err := s.Get(ctx, org, id)
	if err != nil {
		return err
	}
	if err := s.Groups.Delete(ctx, org, id); err != nil {
		return err
	}
	return s.Insert(ctx, org, g)
}

type allChannels struct{ store.Channels }

func (s allChannels) List(ctx context.Context, org domain.OrganizationID, f store.ChannelFilter) ([]domain.Channel, error) {
	return s.Channels.List(ctx, org, store.ChannelFilter{Page: f.Page})
}
