package storetest_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/memstore"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/store"
	"github.com/crierhq/crier/testkit/storetest"
)

func check(t *testing.T, name string) storetest.Check {
	t.Helper()
	all := storetest.Checks()
	i := slices.IndexFunc(all, func(c storetest.Check) bool { return c.Name == name })
	if i < 0 {
		t.Fatalf("there is no check %q", name)
	}
	return all[i]
}

func TestNamesAreUnique(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, c := range storetest.Checks() {
		if seen[c.Name] {
			t.Errorf("two checks are named %q", c.Name)
		}
		seen[c.Name] = true
	}
}

func TestGoodStoreHasNoFindings(t *testing.T) {
	t.Parallel()
	for _, c := range storetest.Checks() {
		for _, f := range c.Findings(t.Context(), memstore.New()) {
			t.Errorf("%s", f)
		}
	}
}

// wrongCase is a store with something wrong, and the checks that must find it.
type wrongCase struct {
	found []string
	wrong func() patches
}

// Each wrong store must be found by every check that is named for it.
func TestWrongStoresAreFound(t *testing.T) {
	t.Parallel()
	type (
		posts      = store.Posts
		deliveries = store.Deliveries
		channels   = store.Channels
	)
	cases := map[string]wrongCase{
		"rollback leaks the outbox": {[]string{"tx/rollback keeps nothing", "tx/a panic keeps nothing"}, func() patches {
			aside := memstore.New()
			return patches{outbox: func(store.Outbox) store.Outbox { return aside.Outbox() }}
		}},
		"there are no transactions": {[]string{
			"tx/rollback keeps nothing", "tx/rollback takes back changes", "tx/a panic keeps nothing",
			"tx/others see nothing before the end", "claim/a rollback frees it", "tx/a canceled context keeps nothing",
		}, func() patches {
			return patches{inTx: func(ctx context.Context, base store.Store, fn txFunc) error { return fn(ctx, base) }}
		}},
		"InTx wraps the error": {[]string{"tx/the error comes back as it is"}, func() patches {
			return patches{inTx: func(ctx context.Context, base store.Store, fn txFunc) error {
				if err := base.InTx(ctx, fn); err != nil {
					return errors.Join(errors.New("transaction"), err)
				}
				return nil
			}}
		}},
		"InTx swallows panics": {[]string{"tx/a panic keeps nothing"}, func() patches {
			return patches{inTx: func(ctx context.Context, base store.Store, fn txFunc) (err error) {
				defer func() { _ = recover() }()
				return base.InTx(ctx, fn)
			}}
		}},
		"InTx ignores the context": {[]string{"tx/a canceled context keeps nothing"}, func() patches {
			return patches{inTx: func(ctx context.Context, base store.Store, fn txFunc) error {
				return base.InTx(context.WithoutCancel(ctx), fn)
			}}
		}},
		"updates lose writes": {[]string{"post/parallel updates all land"}, func() patches {
			return patches{posts: func(p posts) posts { return losesWrites{p} }}
		}},
		"updates keep half-done work": {[]string{"post/update with an error changes nothing"}, func() patches {
			return patches{posts: func(p posts) posts { return keepsHalf{p} }}
		}},
		"updates do not count": {[]string{
			"post/update keeps every field", "post/update guards identity", "post/parallel updates all land",
		}, func() patches { return patches{posts: func(p posts) posts { return noVersion{p} }} }},
		"a claim leaves no lease": {[]string{
			"claim/never hands one out twice", "claim/a lease keeps others away until it ends", "claim/gives a lease",
			"wake/follows claims and changes",
		}, func() patches { return patches{deliveries: func(d deliveries) deliveries { return noLease{d} }} }},
		"the token stands still": {[]string{"claim/gives a lease", "claim/a lease keeps others away until it ends"}, func() patches {
			return patches{deliveries: func(d deliveries) deliveries { return claims{d, nil, func(d *domain.Delivery) { d.Lease.Token = 1 }} }}
		}},
		"claims come in any order": {[]string{"claim/takes what is due, in order"}, func() patches {
			return patches{deliveries: func(d deliveries) deliveries { return claimsBackwards{d} }}
		}},
		"claims ignore the limit": {[]string{"claim/keeps to limit and providers", "claim/takes what is due, in order"}, func() patches {
			return patches{deliveries: func(d deliveries) deliveries { return claims{d, func(c *store.Claim) { c.Limit = 1000 }, nil} }}
		}},
		"claims ignore the provider": {[]string{"claim/keeps to limit and providers"}, func() patches {
			return patches{deliveries: func(d deliveries) deliveries { return claims{d, func(c *store.Claim) { c.Providers = nil }, nil} }}
		}},
		"claims come early": {[]string{"claim/takes what is due, in order", "claim/a lease keeps others away until it ends"}, func() patches {
			return patches{deliveries: func(d deliveries) deliveries {
				return claims{d, func(c *store.Claim) { c.Now = c.Now.Add(time.Microsecond) }, nil}
			}}
		}},
		"leases end late": {[]string{"claim/a lease keeps others away until it ends", "wake/follows claims and changes"}, func() patches {
			return patches{deliveries: func(d deliveries) deliveries {
				return claims{d, func(c *store.Claim) { c.Until = c.Until.Add(time.Microsecond) }, nil}
			}}
		}},
		"the next wake is always now": {[]string{"wake/is that of a platform", "wake/nothing to wake for", "wake/follows claims and changes"}, func() patches {
			return patches{deliveries: func(d deliveries) deliveries { return wakesAlways{d} }}
		}},
		"channels keep no pace": {[]string{"lane/keeps its pace", "lane/paces of one organization only"}, func() patches {
			return patches{deliveries: func(d deliveries) deliveries { return paceless{d} }}
		}},
		"lanes are forgotten": {[]string{"lane/does one thing at a time", "lane/begins in due order", "lane/is held up by its head"}, func() patches {
			return patches{deliveries: func(d deliveries) deliveries { return laneless{d} }}
		}},
		"what is held does not count": {[]string{"turn/what is held counts", "turn/nobody takes more than a share"}, func() patches {
			return patches{deliveries: func(d deliveries) deliveries { return claims{d, func(c *store.Claim) { c.Held = nil }, nil} }}
		}},
		"the first come takes all": {[]string{"turn/organizations take turns"}, func() patches {
			return patches{deliveries: func(d deliveries) deliveries {
				return claims{d, func(c *store.Claim) { c.Held = map[domain.OrganizationID]int{"org-theirs": 50, "third": 60} }, nil}
			}}
		}},
		"anybody renews": {[]string{"renew/extends living leases of the owner only", "renew/leaves fenced leases alone"}, func() patches {
			return patches{deliveries: func(d deliveries) deliveries { return renewsAll{d} }}
		}},
		"nothing is renewed": {[]string{"renew/extends living leases of the owner only"}, func() patches {
			return patches{deliveries: func(d deliveries) deliveries { return renewsNothing{d} }}
		}},
		"causes are taken for one another": {[]string{"failure/is grouped by its cause"}, func() patches {
			return patches{deliveries: func(d deliveries) deliveries {
				return failures{d, nil, func(g *store.FailureGroup) { g.Code = "x" }, nil}
			}}
		}},
		"groups show an old message": {[]string{"failure/is grouped by its cause"}, func() patches {
			return patches{deliveries: func(d deliveries) deliveries {
				return failures{d, nil, func(g *store.FailureGroup) { g.Message = "No to 1" }, nil}
			}}
		}},
		"groups name a channel of several": {[]string{"failure/is grouped by its cause"}, func() patches {
			return patches{deliveries: func(d deliveries) deliveries {
				return failures{d, nil, func(g *store.FailureGroup) { g.Channel = "channel" }, nil}
			}}
		}},
		"the filter of failures is ignored": {[]string{"failure/groups are narrowed", "failure/follows changes"}, func() patches {
			return patches{deliveries: func(d deliveries) deliveries {
				return failures{d, func(f *store.FailureFilter, _ *store.Page) { *f = store.FailureFilter{} }, nil, nil}
			}}
		}},
		"the authors of failures are ignored": {[]string{"failure/groups are narrowed"}, func() patches {
			return patches{deliveries: func(d deliveries) deliveries {
				return failures{d, func(f *store.FailureFilter, _ *store.Page) { f.Author = "" }, nil, nil}
			}}
		}},
		"pages of failures go by time alone": {[]string{"failure/lists the newest first, in pages"}, func() patches {
			return patches{deliveries: func(d deliveries) deliveries {
				return failures{d, func(_ *store.FailureFilter, p *store.Page) {
					if !p.After.IsZero() {
						p.After.ID = ""
					}
				}, nil, nil}
			}}
		}},
		"the oldest failure comes first": {[]string{"failure/lists the newest first, in pages"}, func() patches {
			return patches{deliveries: func(d deliveries) deliveries { return failures{d, nil, nil, slices.Reverse[[]domain.Delivery]} }}
		}},
		"rows of others are returned": {[]string{
			"failure/keeps tenants apart",
			"post/keeps tenants apart", "delivery/lists those of posts", "delivery/lists those of a channel",
			"post/gets many", "channel/gets many", "channel/is found by account", "media/is deleted by its organization only", "media/gets many",
			"attempt/lists those of deliveries", "outbox/keeps the history of a post",
		}, func() patches {
			return patches{
				posts:      func(p posts) posts { return leakyPosts{p} },
				deliveries: func(d deliveries) deliveries { return leakyDeliveries{d} },
				channels:   func(c store.Channels) store.Channels { return leakyChannels{c} },
				media:      func(m store.Media) store.Media { return leakyMedia{m} },
				attempts:   func(a store.Attempts) store.Attempts { return leakyAttempts{a} },
				outbox:     func(o store.Outbox) store.Outbox { return leakyOutbox{o} },
			}
		}},
		"NotFound is a plain error": {[]string{"post/names what is not there", "post/keeps tenants apart"}, func() patches {
			return patches{posts: func(p posts) posts { return changesPosts{Posts: p, plain: true} }}
		}},
		"nanoseconds are kept": {[]string{"post/keeps every field"}, func() patches {
			return patches{posts: func(p posts) posts {
				return changesPosts{Posts: p, got: func(p *domain.Post) { p.CreatedAt = p.CreatedAt.Add(1) }}
			}}
		}},
		"times are local": {[]string{"post/keeps every field"}, func() patches {
			return patches{posts: func(p posts) posts {
				return changesPosts{Posts: p, got: func(p *domain.Post) { p.DueAt = p.DueAt.In(time.FixedZone("x", 3600)) }}
			}}
		}},
		"a zero time comes back as 1970": {[]string{"post/keeps nothing as nothing"}, func() patches {
			return patches{posts: func(p posts) posts {
				return changesPosts{Posts: p, got: func(p *domain.Post) {
					if p.DueAt.IsZero() {
						p.DueAt = time.Unix(0, 0).UTC()
					}
				}}
			}}
		}},
		"no JSON comes back as null": {[]string{"post/keeps empty values", "post/keeps every field"}, func() patches {
			return patches{posts: func(p posts) posts {
				return changesPosts{Posts: p, put: func(p *domain.Post) {
					p.Targets = append(p.Targets, domain.Target{Settings: []byte("null")})
				}}
			}}
		}},
		"a column is forgotten": {[]string{"post/keeps every field", "post/update keeps every field"}, func() patches {
			return patches{posts: func(p posts) posts {
				return changesPosts{Posts: p, put: func(p *domain.Post) { p.Tags = nil }, got: func(p *domain.Post) { p.Wall = "" }}
			}}
		}},
		"bad text is mended in silence": {[]string{"post/refuses text that cannot be stored"}, func() patches {
			return patches{posts: func(p posts) posts {
				return changesPosts{Posts: p, put: func(p *domain.Post) { p.Tags, p.Approval.Note, p.After = nil, "", nil }}
			}}
		}},
		"a second insert goes through": {[]string{"post/refuses a second row with the same id", "user/an address is taken once"}, func() patches {
			return patches{
				posts: func(p posts) posts { return changesPosts{Posts: p, twice: true} },
				users: func(u store.Users) store.Users { return takesAny{u} },
			}
		}},
		"rows are shared with the caller": {[]string{"post/shares nothing with the caller"}, func() patches {
			s := &sharedPosts{rows: map[domain.PostID]domain.Post{}}
			return patches{posts: func(p posts) posts { return sharing{p, s} }}
		}},
		"lists have no order": {[]string{"post/lists by due time and id", "post/lists in pages, stable under inserts"}, func() patches {
			return patches{posts: func(p posts) posts { return lists{p, nil, slices.Reverse[[]domain.Post]} }}
		}},
		"pages go by time alone": {[]string{"post/lists in pages, stable under inserts"}, func() patches {
			return patches{posts: func(p posts) posts {
				return lists{p, func(f *store.PostFilter) {
					if !f.After.IsZero() {
						f.After.ID = "\U0010ffff"
					}
				}, nil}
			}}
		}},
		"pages start over": {[]string{"post/lists in pages, stable under inserts"}, func() patches {
			return patches{posts: func(p posts) posts {
				return lists{p, func(f *store.PostFilter) { f.After = store.Position{} }, nil}
			}}
		}},
		"To is included": {[]string{"post/list is narrowed by time"}, func() patches {
			return patches{posts: func(p posts) posts {
				return lists{p, func(f *store.PostFilter) {
					if !f.To.IsZero() {
						f.To = f.To.Add(time.Microsecond)
					}
				}, nil}
			}}
		}},
		"filters are ignored": {[]string{"post/list is narrowed by what a post is"}, func() patches {
			return patches{posts: func(p posts) posts {
				return lists{p, func(f *store.PostFilter) { f.Channel, f.Deliveries = "", nil }, nil}
			}}
		}},
		"renewals come early and of any provider": {[]string{
			"renewal/claim takes what is due, in order", "renewal/claim keeps to limit and providers",
		}, func() patches {
			return patches{channels: func(c channels) channels {
				return renewals{c, func(c *store.RenewalClaim) { c.Now, c.Providers = c.Now.Add(time.Microsecond), nil }, nil}
			}}
		}},
		"renewals come in any order": {[]string{
			"renewal/claim takes what is due, in order", "renewal/claim takes what is to be foretold",
		}, func() patches {
			return patches{channels: func(c channels) channels { return renewals{c, nil, slices.Reverse[[]domain.Channel]} }}
		}},
		"renewals take no lease": {[]string{"renewal/claim gives a lease", "renewal/claim never hands one out twice", "renewal/the next follows claims and changes"}, func() patches {
			return patches{channels: func(c channels) channels {
				return renewals{c, func(c *store.RenewalClaim) { c.Until = time.Time{} }, nil}
			}}
		}},
		"forecasts are forgotten": {[]string{"renewal/claim takes what is to be foretold"}, func() patches {
			return patches{channels: func(c channels) channels {
				return renewals{c, nil, func(cs []domain.Channel) {
					for i := range cs {
						if cs[i].RefreshAt.IsZero() {
							cs[i] = domain.Channel{}
						}
					}
				}}
			}}
		}},
		"the next renewal is of any provider": {[]string{"renewal/the next follows claims and changes"}, func() patches {
			return patches{channels: func(c channels) channels { return anyRenewal{c} }}
		}},
		"people leave things behind": {[]string{"user/takes what is theirs alone along"}, func() patches {
			return patches{users: func(u store.Users) store.Users { return staysBehind{u} }}
		}},
		"a subject is linked to many": {[]string{"identity/a subject of an issuer is linked once", "identity/refuses a second row with the same id"}, func() patches {
			return patches{identities: func(i store.Identities) store.Identities { return linksAny{i} }}
		}},
		"anybody deletes an identity": {[]string{"identity/is deleted by its owner alone"}, func() patches {
			return patches{identities: func(i store.Identities) store.Identities { return deletesAny{i} }}
		}},
		"identities come backwards": {[]string{"identity/lists a person's, oldest first"}, func() patches {
			return patches{identities: func(i store.Identities) store.Identities { return listsBackwards{i} }}
		}},
		"a flow can be taken again": {[]string{"connect/is taken once"}, func() patches {
			return patches{connects: func(c store.Connects) store.Connects { return takesAgain{c} }}
		}},
		"events come backwards": {[]string{"outbox/comes in order", "outbox/orders a post's events by commit"}, func() patches {
			return patches{outbox: func(o store.Outbox) store.Outbox { return backwards{o} }}
		}},
		"events are handed on again": {[]string{"outbox/is handed on once"}, func() patches {
			return patches{outbox: func(o store.Outbox) store.Outbox { return neverMarked{o} }}
		}},
		"a document is written over": {[]string{"document/the first one stays"}, func() patches {
			return patches{documents: func(d store.Documents) store.Documents { return overwrites{d} }}
		}},
		"a secret is set once": {[]string{"secret/is replaced"}, func() patches {
			return patches{secrets: func(s store.Secrets) store.Secrets { return setsOnce{s} }}
		}},
		"a setting is set once": {[]string{"setting/is replaced"}, func() patches {
			return patches{settings: func(s store.Settings) store.Settings { return keepsFirst{s} }}
		}},
		"anybody is the first": {[]string{"user/the first one is known"}, func() patches {
			return patches{users: func(u store.Users) store.Users { return firstByID{u} }}
		}},
		"a key keeps nothing out": {[]string{"job/a key keeps doubles out", "job/a key is kept once under parallel inserts"}, func() patches {
			return patches{jobs: func(j store.Jobs) store.Jobs { return keyless{j} }}
		}},
		"a double job is an error": {[]string{"job/an insert that is left out spoils nothing"}, func() patches {
			return patches{jobs: func(j store.Jobs) store.Jobs { return strictJobs{j} }}
		}},
		"anybody removes a job": {[]string{"job/is removed by the holder of its token only"}, func() patches {
			return patches{jobs: func(j store.Jobs) store.Jobs { return removesAny{j} }}
		}},
		"a hand-over counts as an attempt": {[]string{"job/claim begins an attempt, a hand-over does not"}, func() patches {
			return patches{jobs: func(j store.Jobs) store.Jobs {
				return jobClaims{j, func(c *domain.JobClaim) { c.HandOver = false }, nil}
			}}
		}},
		"jobs come early and of any kind": {[]string{"job/claim takes what is due, in order"}, func() patches {
			return patches{jobs: func(j store.Jobs) store.Jobs {
				return jobClaims{j, func(c *domain.JobClaim) { c.Now, c.Kinds = c.Now.Add(time.Microsecond), nil }, nil}
			}}
		}},
		"jobs come in any order": {[]string{"job/claim takes what is due, in order"}, func() patches {
			return patches{jobs: func(j store.Jobs) store.Jobs { return jobClaims{j, nil, slices.Reverse[[]domain.Job]} }}
		}},
		"job leases do not hold": {[]string{"job/claim never hands one out twice", "job/next wake follows leases and kinds"}, func() patches {
			return patches{jobs: func(j store.Jobs) store.Jobs {
				return jobClaims{j, func(c *domain.JobClaim) { c.Until = c.Now }, nil}
			}}
		}},
		"dead letters of others are listed": {[]string{"job/lists dead letters, the newest first"}, func() patches {
			return patches{jobs: func(j store.Jobs) store.Jobs { return leakyJobs{j} }}
		}},
		"any job lease is renewed": {[]string{"job/renew extends living leases of the owner only"}, func() patches {
			return patches{jobs: func(j store.Jobs) store.Jobs { return renewsAnyJob{j} }}
		}},
		"an occurrence is booked twice": {[]string{"occurrence/is booked once on a channel", "occurrence/is booked once under parallel inserts"}, func() patches {
			return patches{deliveries: func(d deliveries) deliveries { return booksTwice{d} }}
		}},
		"a rule is booked twice": {[]string{"follow/is booked once for a rule", "follow/is booked once under parallel inserts"}, func() patches {
			return patches{deliveries: func(d deliveries) deliveries { return followsTwice{d} }}
		}},
		"what follows takes the place of its occurrence": {[]string{"follow/shares the occurrence of what it follows"}, func() patches {
			return patches{deliveries: func(d deliveries) deliveries { return crowds{d} }}
		}},
		"posts are listed by what follows": {[]string{"follow/does not decide which posts are listed"}, func() patches {
			return patches{posts: func(p store.Posts) store.Posts { return listsFollowed{p} }}
		}},
		"the history has no bound": {[]string{"occurrence/lists of posts are bounded"}, func() patches {
			return patches{deliveries: func(d deliveries) deliveries { return unbounded{d} }}
		}},
		"occurrences come a second late": {[]string{"occurrence/lists those since"}, func() patches {
			return patches{deliveries: func(d deliveries) deliveries { return sinceLate{d} }}
		}},
		"now counts as taken": {[]string{"occurrence/says what is taken"}, func() patches {
			return patches{deliveries: func(d deliveries) deliveries { return takenNow{d} }}
		}},
		"nothing is removed": {[]string{"occurrence/is removed"}, func() patches {
			return patches{deliveries: func(d deliveries) deliveries { return removesNothing{d} }}
		}},
		"posts are expanded early, in any order": {[]string{"expand/finds what is due, in order", "expand/follows changes"}, func() patches {
			return patches{posts: func(p posts) posts { return expandsEarly{p} }}
		}},
		"the next expansion is always now": {[]string{"expand/finds what is due, in order", "expand/follows changes"}, func() patches {
			return patches{posts: func(p posts) posts { return expandsNow{p} }}
		}},
		"takers see what was, not what is": {[]string{"budget/takers at once never exceed it", "budget/an error of change grants nothing"}, func() patches {
			return patches{budgets: func(s store.Budgets) store.Budgets { return &hastyBudgets{Budgets: s} }}
		}},
		"a budget changes its name": {[]string{"budget/update keeps every field but the identity"}, func() patches {
			return patches{budgets: func(s store.Budgets) store.Budgets { return renamedBudgets{s} }}
		}},
		"an organization leaves something behind": {[]string{"organization/takes everything with it"}, func() patches {
			return patches{organizations: func(r store.Repos) store.Organizations { return leavesBehind{r.Organizations(), r.Invitations()} }}
		}},
		"members are listed backwards": {[]string{"member/lists an organization"}, func() patches {
			return patches{members: func(m store.Members) store.Members { return newcomersFirst{m} }}
		}},
		"members are counted whatever they are": {[]string{"member/counts a role"}, func() patches {
			return patches{members: func(m store.Members) store.Members { return countsAll{m} }}
		}},
		"a member cannot leave": {[]string{"member/ends", "member/an owner stays"}, func() patches {
			return patches{members: func(m store.Members) store.Members { return staysOn{m} }}
		}},
		"an invitation is removed by another tenant": {[]string{"invitation/is removed once"}, func() patches {
			return patches{invitations: func(v store.Invitations) store.Invitations { return anybodysInvitations{v} }}
		}},
		"a token can be taken again": {[]string{"token/is taken once", "token/is taken for good with its transaction only"}, func() patches {
			return patches{tokens: func(t store.Tokens) store.Tokens { return retakable{t} }}
		}},
		"a token is good for any purpose": {[]string{"token/is useless for another purpose"}, func() patches {
			return patches{tokens: func(t store.Tokens) store.Tokens { return purposeless{t} }}
		}},
		"a token is good too long": {[]string{"token/ends"}, func() patches {
			return patches{tokens: func(t store.Tokens) store.Tokens { return endless{t} }}
		}},
		"tokens of every purpose are removed": {[]string{"token/those of a subject and purpose are removed"}, func() patches {
			return patches{tokens: func(t store.Tokens) store.Tokens { return sweeping{t} }}
		}},
		"replays that ended are kept": {[]string{"replay/purge removes what ended"}, func() patches {
			return patches{replays: func(r store.Replays) store.Replays { return keepsReplays{r} }}
		}},
		"replays are purged too soon": {[]string{"replay/purge removes what ended"}, func() patches {
			return patches{replays: func(r store.Replays) store.Replays { return emptiesReplays{r} }}
		}},
		"tokens that ended are kept": {[]string{"token/purge removes what ended"}, func() patches {
			return patches{tokens: func(t store.Tokens) store.Tokens { return hoarding{t} }}
		}},
		"a session is good too long": {[]string{"session/names the member while it lives"}, func() patches {
			return patches{sessions: func(s store.Sessions) store.Sessions { return undying{s} }}
		}},
		"sessions are listed backwards": {[]string{"session/lists those of a person that live"}, func() patches {
			return patches{sessions: func(s store.Sessions) store.Sessions { return upsideDown{s} }}
		}},
		"revoking does nothing": {[]string{"session/all but one are revoked"}, func() patches {
			return patches{sessions: func(s store.Sessions) store.Sessions { return sparing{s} }}
		}},
		"revoking spares nobody": {[]string{"session/all but one are revoked"}, func() patches {
			return patches{sessions: func(s store.Sessions) store.Sessions { return merciless{s} }}
		}},
		"sessions that ended are kept": {[]string{"session/purge removes what ended"}, func() patches {
			return patches{sessions: func(s store.Sessions) store.Sessions { return keepsSessions{s} }}
		}},
		"strikes get lost": {[]string{"strikes/parallel updates all land"}, func() patches {
			return patches{strikes: func(s store.Strikes) store.Strikes { return forgetful{s} }}
		}},
		"strikes are never forgotten": {[]string{"strikes/are forgotten"}, func() patches {
			return patches{strikes: func(s store.Strikes) store.Strikes { return keepsStrikes{s} }}
		}},
		"strikes count what failed": {[]string{"strikes/update with an error changes nothing"}, func() patches {
			return patches{strikes: func(s store.Strikes) store.Strikes { return stubborn{s} }}
		}},
		"a second factor stays": {[]string{"second factor/is deleted"}, func() patches {
			return patches{factors: func(s store.SecondFactors) store.SecondFactors { return keepsFactors{s} }}
		}},
		"a method panics": {[]string{"secret/is replaced"}, func() patches {
			return patches{secrets: func(store.Secrets) store.Secrets { panic("not written yet") }}
		}},
	}
	maps.Copy(cases, manyWrong())
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, want := range c.found {
				base := memstore.New()
				s := wrong{wrongRepos{base, c.wrong()}, base}
				fs := check(t, want).Findings(t.Context(), s)
				if len(fs) == 0 {
					t.Errorf("%q has no finding, want at least one", want)
				}
				for _, f := range fs {
					if f.Check != want || !strings.HasPrefix(f.String(), want+": ") || f.Message == "" {
						t.Errorf("finding %+v, want it to name its check and say something", f)
					}
				}
			}
		})
	}
}

type losesWrites struct{ store.Posts }

func (p losesWrites) Update(ctx context.Context, org domain.OrganizationID, id domain.PostID, change func(*domain.Post) error) (domain.Post, error) {
	v, err := p.Get(ctx, org, id)
	if err != nil {
		return v, err
	}
	<-time.After(time.Millisecond) // others read the same meanwhile
	if err := change(&v); err != nil {
		return v, err
	}
	return p.Posts.Update(ctx, org, id, func(p *domain.Post) error { *p = v; return nil })
}

type keepsHalf struct{ store.Posts }

func (p keepsHalf) Update(ctx context.Context, org domain.OrganizationID, id domain.PostID, change func(*domain.Post) error) (domain.Post, error) {
	var failed error
	v, err := p.Posts.Update(ctx, org, id, func(p *domain.Post) error { failed = change(p); return nil })
	return v, errors.Join(err, failed)
}

type noVersion struct{ store.Posts }

func (p noVersion) Get(ctx context.Context, org domain.OrganizationID, id domain.PostID) (domain.Post, error) {
	v, err := p.Posts.Get(ctx, org, id)
	v.Version = min(v.Version, 1)
	return v, err
}

type noLease struct{ store.Deliveries }

func (d noLease) Claim(ctx context.Context, c store.Claim) ([]domain.Delivery, error) {
	ds, err := d.Deliveries.Claim(ctx, c)
	for _, row := range ds {
		_, err := d.Update(ctx, row.Organization, row.ID, func(d *domain.Delivery) error { d.Lease = domain.Lease{}; return nil })
		if err != nil {
			return nil, err
		}
	}
	return ds, err
}

// claims changes what is asked for, and what is given and stored.
type claims struct {
	store.Deliveries
	asked func(*store.Claim)
	given func(*domain.Delivery)
}

func (d claims) Claim(ctx context.Context, c store.Claim) ([]domain.Delivery, error) {
	if d.asked != nil {
		d.asked(&c)
	}
	ds, err := d.Deliveries.Claim(ctx, c)
	for i := range ds {
		if d.given != nil {
			d.given(&ds[i])
		}
	}
	return ds, err
}

type paceless struct{ store.Deliveries }

func (paceless) Pace(context.Context, domain.OrganizationID, map[domain.ChannelID]time.Time) error {
	return nil
}

// laneless gives every delivery a lane of its own.
type laneless struct{ store.Deliveries }

func (d laneless) Insert(ctx context.Context, org domain.OrganizationID, ds ...domain.Delivery) error {
	ds = slices.Clone(ds)
	for i := range ds {
		ds[i].Channel += domain.ChannelID(ds[i].ID)
	}
	return d.Deliveries.Insert(ctx, org, ds...)
}

type claimsBackwards struct{ store.Deliveries }

func (d claimsBackwards) Claim(ctx context.Context, c store.Claim) ([]domain.Delivery, error) {
	ds, err := d.Deliveries.Claim(ctx, c)
	slices.Reverse(ds)
	return ds, err
}

type wakesAlways struct{ store.Deliveries }

func (d wakesAlways) NextWake(context.Context, ...domain.ProviderID) (time.Time, error) {
	return time.Date(2026, 3, 29, 12, 0, 0, 123456000, time.UTC), nil
}

type renewsAll struct{ store.Deliveries }

func (d renewsAll) Renew(ctx context.Context, owner string, ids []domain.DeliveryID, until time.Time) ([]domain.DeliveryID, error) {
	for _, id := range ids {
		_, _ = d.Update(ctx, "org-ours", id, func(d *domain.Delivery) error {
			d.Lease.Owner, d.Lease.Until = owner, until
			return nil
		})
	}
	return ids, nil
}

type renewsNothing struct{ store.Deliveries }

func (d renewsNothing) Renew(context.Context, string, []domain.DeliveryID, time.Time) ([]domain.DeliveryID, error) {
	return nil, nil
}

// both asks for both tenants that the kit knows.
func both[T any](do func(domain.OrganizationID) ([]T, error)) ([]T, error) {
	a, errA := do("org-ours")
	b, errB := do("org-theirs")
	return append(a, b...), errors.Join(errA, errB)
}

type leakyPosts struct{ store.Posts }

func (p leakyPosts) Get(ctx context.Context, org domain.OrganizationID, id domain.PostID) (domain.Post, error) {
	if v, err := p.Posts.Get(ctx, org, id); err == nil {
		return v, nil
	}
	return p.Posts.Get(ctx, "org-ours", id)
}

func (p leakyPosts) GetMany(ctx context.Context, _ domain.OrganizationID, ids []domain.PostID) ([]domain.Post, error) {
	return both(func(o domain.OrganizationID) ([]domain.Post, error) { return p.Posts.GetMany(ctx, o, ids) })
}

type leakyDeliveries struct{ store.Deliveries }

func (d leakyDeliveries) OfPosts(ctx context.Context, _ domain.OrganizationID, ids ...domain.PostID) ([]domain.Delivery, error) {
	return both(func(o domain.OrganizationID) ([]domain.Delivery, error) { return d.Deliveries.OfPosts(ctx, o, ids...) })
}

func (d leakyDeliveries) OfChannel(ctx context.Context, _ domain.OrganizationID, id domain.ChannelID, limit int, states ...domain.DeliveryState) ([]domain.Delivery, error) {
	return both(func(o domain.OrganizationID) ([]domain.Delivery, error) {
		return d.Deliveries.OfChannel(ctx, o, id, limit, states...)
	})
}

func (d leakyDeliveries) ChangedSince(ctx context.Context, _ domain.OrganizationID, id domain.ChannelID, at time.Time) ([]domain.Delivery, error) {
	return both(func(o domain.OrganizationID) ([]domain.Delivery, error) {
		return d.Deliveries.ChangedSince(ctx, o, id, at)
	})
}

func (d leakyDeliveries) WithRef(ctx context.Context, _ domain.OrganizationID, id domain.ChannelID, refs ...string) ([]domain.Delivery, error) {
	return both(func(o domain.OrganizationID) ([]domain.Delivery, error) {
		return d.Deliveries.WithRef(ctx, o, id, refs...)
	})
}

func (d leakyDeliveries) FailureGroups(ctx context.Context, _ domain.OrganizationID, f store.FailureFilter) ([]store.FailureGroup, error) {
	return both(func(o domain.OrganizationID) ([]store.FailureGroup, error) {
		return d.Deliveries.FailureGroups(ctx, o, f)
	})
}

// failures changes what is asked for, and what is given.
type failures struct {
	store.Deliveries
	asked  func(*store.FailureFilter, *store.Page)
	group  func(*store.FailureGroup)
	listed func([]domain.Delivery)
}

func (d failures) FailureGroups(ctx context.Context, org domain.OrganizationID, f store.FailureFilter) ([]store.FailureGroup, error) {
	if d.asked != nil {
		d.asked(&f, &store.Page{})
	}
	gs, err := d.Deliveries.FailureGroups(ctx, org, f)
	for i := range gs {
		if d.group != nil {
			d.group(&gs[i])
		}
	}
	return gs, err
}

func (d failures) ListFailures(ctx context.Context, org domain.OrganizationID, f store.FailureFilter, p store.Page) ([]domain.Delivery, error) {
	if d.asked != nil {
		d.asked(&f, &p)
	}
	ds, err := d.Deliveries.ListFailures(ctx, org, f, p)
	if d.listed != nil {
		d.listed(ds)
	}
	return ds, err
}

type leakyChannels struct{ store.Channels }

func (c leakyChannels) GetMany(ctx context.Context, _ domain.OrganizationID, ids []domain.ChannelID) ([]domain.Channel, error) {
	return both(func(o domain.OrganizationID) ([]domain.Channel, error) { return c.Channels.GetMany(ctx, o, ids) })
}

func (c leakyChannels) ByAccount(ctx context.Context, _ domain.OrganizationID, p domain.ProviderID, account string) (domain.Channel, error) {
	return c.Channels.ByAccount(ctx, "org-ours", p, account)
}

// renewals changes what is asked for, and what is given.
type renewals struct {
	store.Channels
	asked func(*store.RenewalClaim)
	given func([]domain.Channel)
}

func (r renewals) ClaimRenewals(ctx context.Context, c store.RenewalClaim) ([]domain.Channel, error) {
	if r.asked != nil {
		r.asked(&c)
	}
	cs, err := r.Channels.ClaimRenewals(ctx, c)
	if r.given != nil {
		r.given(cs)
	}
	return cs, err
}

type anyRenewal struct{ store.Channels }

func (r anyRenewal) NextRenewal(ctx context.Context, _ ...domain.ProviderID) (time.Time, error) {
	return r.Channels.NextRenewal(ctx)
}

type leakyMedia struct{ store.Media }

func (m leakyMedia) GetMany(ctx context.Context, _ domain.OrganizationID, ids []domain.MediaID) ([]domain.Media, error) {
	return both(func(o domain.OrganizationID) ([]domain.Media, error) { return m.Media.GetMany(ctx, o, ids) })
}

func (m leakyMedia) Delete(ctx context.Context, _ domain.OrganizationID, id domain.MediaID) error {
	return m.Media.Delete(ctx, "org-ours", id)
}

type leakyAttempts struct{ store.Attempts }

func (a leakyAttempts) OfDeliveries(ctx context.Context, _ domain.OrganizationID, ids ...domain.DeliveryID) ([]domain.Attempt, error) {
	return both(func(o domain.OrganizationID) ([]domain.Attempt, error) {
		return a.Attempts.OfDeliveries(ctx, o, ids...)
	})
}

type leakyOutbox struct{ store.Outbox }

func (o leakyOutbox) OfPost(ctx context.Context, _ domain.OrganizationID, post domain.PostID, limit int) ([]domain.Event, error) {
	return both(func(org domain.OrganizationID) ([]domain.Event, error) { return o.Outbox.OfPost(ctx, org, post, limit) })
}

// changesPosts changes what is put and what is got, and more.
type changesPosts struct {
	store.Posts
	put, got     func(*domain.Post)
	plain, twice bool
}

func (p changesPosts) Insert(ctx context.Context, org domain.OrganizationID, v domain.Post) error {
	if p.put != nil {
		p.put(&v)
	}
	err := p.Posts.Insert(ctx, org, v)
	if p.twice && errors.Is(err, fault.ErrConflict) {
		return nil
	}
	return err
}

func (p changesPosts) Get(ctx context.Context, org domain.OrganizationID, id domain.PostID) (domain.Post, error) {
	v, err := p.Posts.Get(ctx, org, id)
	if p.got != nil {
		p.got(&v)
	}
	if p.plain && err != nil {
		return v, errors.New("not found")
	}
	return v, err
}

type takesAny struct{ store.Users }

func (u takesAny) Insert(ctx context.Context, v domain.User) error {
	if err := u.Users.Insert(ctx, v); !errors.Is(err, fault.ErrConflict) {
		return err
	}
	return nil
}

type sharedPosts struct {
	mu   sync.Mutex
	rows map[domain.PostID]domain.Post
}

// sharing gives out the slices that it was given.
type sharing struct {
	store.Posts
	*sharedPosts
}

func (p sharing) Insert(ctx context.Context, org domain.OrganizationID, v domain.Post) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rows[v.ID] = v
	return p.Posts.Insert(ctx, org, v)
}

func (p sharing) Get(ctx context.Context, org domain.OrganizationID, id domain.PostID) (domain.Post, error) {
	v, err := p.Posts.Get(ctx, org, id)
	p.mu.Lock()
	defer p.mu.Unlock()
	v.Items, v.Tags = p.rows[id].Items, p.rows[id].Tags
	return v, err
}

// lists changes what is asked of a list, and what it gives.
type lists struct {
	store.Posts
	asked func(*store.PostFilter)
	given func([]domain.Post)
}

func (p lists) List(ctx context.Context, org domain.OrganizationID, f store.PostFilter) ([]domain.Post, error) {
	if p.asked != nil {
		p.asked(&f)
	}
	out, err := p.Posts.List(ctx, org, f)
	if p.given != nil {
		p.given(out)
	}
	return out, err
}

type takesAgain struct{ store.Connects }

func (c takesAgain) Take(ctx context.Context, hash string, now time.Time) (store.Connect, error) {
	v, err := c.Connects.Take(ctx, hash, now)
	if err != nil {
		return v, err
	}
	return v, c.Insert(ctx, v)
}

type backwards struct{ store.Outbox }

func (o backwards) Pending(ctx context.Context, limit int) ([]domain.Event, error) {
	evs, err := o.Outbox.Pending(ctx, limit)
	slices.Reverse(evs)
	return evs, err
}

type neverMarked struct{ store.Outbox }

func (neverMarked) MarkRelayed(context.Context, time.Time, ...domain.EventID) error { return nil }

type overwrites struct{ store.Documents }

func (d overwrites) Put(ctx context.Context, v domain.Document) (domain.Document, error) {
	if err := d.Replace(ctx, v); err == nil {
		return v, nil
	}
	return d.Documents.Put(ctx, v)
}

type setsOnce struct{ store.Secrets }

func (s setsOnce) Set(ctx context.Context, name, sealed string) error {
	if _, err := s.Get(ctx, name); err == nil {
		return nil
	}
	return s.Secrets.Set(ctx, name, sealed)
}

type keepsFirst struct{ store.Settings }

func (s keepsFirst) Set(ctx context.Context, name string, value json.RawMessage) error {
	if _, err := s.Get(ctx, name); err == nil {
		return nil
	}
	return s.Settings.Set(ctx, name, value)
}

type firstByID struct{ store.Users }

func (u firstByID) First(ctx context.Context) (domain.User, error) {
	if _, err := u.Users.First(ctx); err != nil {
		return domain.User{}, err
	}
	return u.Get(ctx, "a")
}

type keyless struct{ store.Jobs }

func (j keyless) Insert(ctx context.Context, js ...domain.Job) error {
	for i := range js {
		js[i].Key = ""
	}
	return j.Jobs.Insert(ctx, js...)
}

type strictJobs struct{ store.Jobs }

func (j strictJobs) Insert(ctx context.Context, js ...domain.Job) error {
	for _, v := range js {
		if err := j.Jobs.Insert(ctx, v); err != nil {
			return err
		}
		if _, err := j.Get(ctx, v.Organization, v.ID); err != nil {
			return fault.ErrConflict
		}
	}
	return nil
}

type removesAny struct{ store.Jobs }

func (j removesAny) Remove(ctx context.Context, org domain.OrganizationID, id domain.JobID, _ int64) error {
	v, err := j.Get(ctx, org, id)
	if err != nil {
		return err
	}
	return j.Jobs.Remove(ctx, org, id, v.Lease.Token)
}

// jobClaims changes what is asked for, and what is given.
type jobClaims struct {
	store.Jobs
	asked func(*domain.JobClaim)
	given func([]domain.Job)
}

func (j jobClaims) Claim(ctx context.Context, c domain.JobClaim) ([]domain.Job, error) {
	if j.asked != nil {
		j.asked(&c)
	}
	js, err := j.Jobs.Claim(ctx, c)
	if j.given != nil {
		j.given(js)
	}
	return js, err
}

type leakyJobs struct{ store.Jobs }

func (j leakyJobs) Dead(ctx context.Context, _ domain.OrganizationID, p domain.JobPage) ([]domain.Job, error) {
	return both(func(o domain.OrganizationID) ([]domain.Job, error) { return j.Jobs.Dead(ctx, o, p) })
}

type renewsAnyJob struct{ store.Jobs }

func (j renewsAnyJob) Renew(ctx context.Context, _ string, ids []domain.JobID, until time.Time) ([]domain.JobID, error) {
	a, errA := j.Jobs.Renew(ctx, "w", ids, until)
	b, errB := j.Jobs.Renew(ctx, "v", ids, until)
	return append(a, b...), errors.Join(errA, errB)
}

// hastyBudgets reads, and only then writes.
type hastyBudgets struct{ store.Budgets }

func (s *hastyBudgets) Update(ctx context.Context, id string, change func(*domain.Budget) error) (domain.Budget, error) {
	b, err := s.Get(ctx, id)
	if err != nil {
		return b, err
	}
	failed := change(&b)
	runtime.Gosched()
	out, err := s.Budgets.Update(ctx, id, func(v *domain.Budget) error { b.Version = v.Version; *v = b; return nil })
	return out, cmp.Or(failed, err)
}

type renamedBudgets struct{ store.Budgets }

func (s renamedBudgets) Update(ctx context.Context, id string, change func(*domain.Budget) error) (domain.Budget, error) {
	b, err := s.Budgets.Update(ctx, id, change)
	b.ID = "somebody-else"
	return b, err
}
