package channel_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/channel"
	"github.com/crierhq/crier/core/compose"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/ports/store"
	"github.com/crierhq/crier/testkit/enginetest"
)

func form(account string) map[string]string {
	return map[string]string{"account": account, "password": "pw"}
}

func TestConnectByForm(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	var got social.Values
	e.Platform.OnConnect = func(ctx context.Context, v social.Values) (social.Connection, error) {
		if _, ok := ctx.Deadline(); !ok {
			t.Error("the call has no deadline")
		}
		got = v
		return enginetest.ConnectionOf(v["account"]), nil
	}
	ch, err := e.Channels.ConnectForm(t.Context(), e.Owner, "test", form("ann"))
	if err != nil {
		t.Fatal(err)
	}
	if want := (social.Values{"account": "ann", "password": "pw", "server": "main"}); fmt.Sprint(map[string]string(got)) != fmt.Sprint(map[string]string(want)) {
		t.Errorf("the provider got %v, want %v with the default", got, want)
	}
	if ch.State != domain.ChannelActive || ch.Account != "ann" || ch.Name != "Name of ann" || ch.Handle != "@ann" || ch.Traits["tier"] != "basic" || ch.Version != 1 {
		t.Errorf("got %+v", ch)
	}
	evs, err := e.Store.Outbox().Pending(t.Context(), 10)
	if err != nil || len(evs) != 1 || evs[0].Kind != domain.EventChannelConnected || evs[0].Subject != string(ch.ID) {
		t.Errorf("got events %+v, %v; want one of the connect", evs, err)
	}
	dump := enginetest.Dump(e.Store) + fmt.Sprintf("%+v", ch)
	for _, secret := range []string{"access-token-of-ann", "refresh-token-of-ann"} {
		if strings.Contains(dump, secret) {
			t.Errorf("%s can be read in the store", secret)
		}
	}
	target, err := e.Channels.Credentials().Target(t.Context(), ch)
	if err != nil || target.Credential.Access != "access-token-of-ann" || target.Account != "ann" {
		t.Errorf("got %+v, %v; want the credential back", target, err)
	}
}

func TestConnectChecksTheForm(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	before := enginetest.Dump(e.Store)
	_, err := e.Channels.ConnectForm(t.Context(), e.Owner, "test", map[string]string{"account": strings.Repeat("x", 51), "hacker": "1", "server": ""})
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind != fault.Invalid {
		t.Fatalf("got %v, want invalid", err)
	}
	var got []string
	for _, p := range f.Problems {
		got = append(got, p.Field+" "+p.Rule)
	}
	if want := []string{"fields.account too_long", "fields.password required", "fields.hacker unknown"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if e.Platform.Calls("ConnectWith") != 0 || enginetest.Dump(e.Store) != before {
		t.Error("a form with problems got further")
	}
	if _, err := e.Channels.ConnectForm(t.Context(), e.Owner, "none", form("a")); fault.KindOf(err) != fault.NotFound {
		t.Errorf("got %v, want not found", err)
	}
}

func TestConnectTellsWhatThePlatformSaid(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		err  error
		kind fault.Kind
		code string
	}{
		"refused":    {social.Errorf(social.CodeAuthRevoked, "Wrong password."), fault.Invalid, "connect_refused"},
		"blocked":    {social.Errorf(social.CodeAccountBlocked, "Suspended."), fault.Invalid, "connect_refused"},
		"limited":    {&social.Error{Code: social.CodeRateLimited, RetryAfter: time.Minute, Message: "Slow."}, fault.TooMany, "rate_limited"},
		"down":       {social.Errorf(social.CodeUnavailable, "Down."), fault.Unavailable, "platform_unavailable"},
		"not its":    {errors.New("boom"), fault.Unavailable, "platform_unavailable"},
		"time is up": {context.DeadlineExceeded, fault.Unavailable, "platform_unavailable"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := enginetest.New(t)
			e.Platform.OnConnect = func(context.Context, social.Values) (social.Connection, error) {
				return social.Connection{}, tc.err
			}
			_, err := e.Channels.ConnectForm(t.Context(), e.Owner, "test", form("a"))
			f, ok := errors.AsType[*fault.Error](err)
			if !ok || f.Kind != tc.kind || f.Code != tc.code || f.Message == "" || !errors.Is(err, tc.err) {
				t.Errorf("got %+v, want %s %s", err, tc.kind, tc.code)
			}
			if name == "limited" && f.RetryAfter != time.Minute {
				t.Errorf("got a wait of %v, want a minute", f.RetryAfter)
			}
		})
	}
}

func TestConnectByRedirect(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	ann := enginetest.As(e.Owner, domain.RoleAdmin, "ann")
	s, err := e.Channels.Begin(t.Context(), ann, "test", "https://crier.example/callback", nil)
	if err != nil || !strings.Contains(s.URL, s.State) || len(s.State) < 20 || !s.ExpiresAt.Equal(enginetest.Start.Add(30*time.Minute)) {
		t.Fatalf("got %+v, %v", s, err)
	}
	if dump := enginetest.Dump(e.Store); strings.Contains(dump, s.State) || strings.Contains(dump, "kept-secret") {
		t.Error("the state or what the provider keeps can be read in the store")
	}
	e.Platform.OnFinish = func(_ context.Context, in social.Callback) (social.Connection, error) {
		if in.Callback != "https://crier.example/callback" || in.Keep["verifier"] != "kept-secret" || in.Query["code"] != "ann" {
			t.Errorf("the provider got %+v", in)
		}
		return enginetest.ConnectionOf("ann"), nil
	}
	done, err := e.Channels.Finish(t.Context(), "test", s.State, map[string]string{"code": "ann"})
	if err != nil || done.Channel == nil || done.Channel.Account != "ann" || done.Channel.Organization != e.Org.ID {
		t.Fatalf("got %+v, %v; want the channel", done, err)
	}
	if _, err := e.Channels.Finish(t.Context(), "test", s.State, map[string]string{"code": "ann"}); !hasEnded(err) {
		t.Errorf("got %v; want a state to work once", err)
	}
}

func hasEnded(err error) bool {
	return errors.Is(err, &fault.Error{Kind: fault.Invalid, Code: "connect_ended"})
}

func TestStatesThatDoNotWork(t *testing.T) {
	t.Parallel()
	other := enginetest.NewPlatform("other")
	e := enginetest.New(t, func(c *core.Config) { c.Providers = append(c.Providers, other) })
	begin := func() string {
		s, err := e.Channels.Begin(t.Context(), e.Owner, "test", "https://x.example", nil)
		if err != nil {
			t.Fatal(err)
		}
		return s.State
	}
	state := begin()
	if _, err := e.Channels.Finish(t.Context(), "other", state, nil); !hasEnded(err) || other.Calls("FinishConnect") != 0 {
		t.Errorf("got %v; want a state to work for its provider only", err)
	}
	if _, err := e.Channels.Finish(t.Context(), "test", "guessed", nil); !hasEnded(err) {
		t.Errorf("got %v; want a guessed state to be refused", err)
	}
	state = begin()
	e.Clock.Advance(30*time.Minute + time.Second)
	if _, err := e.Channels.Finish(t.Context(), "test", state, nil); !hasEnded(err) {
		t.Errorf("got %v; want a state to end", err)
	}
	if e.Platform.Calls("FinishConnect") != 0 {
		t.Error("a state that does not work reached the provider")
	}
}

func TestReconnectKeepsTheChannel(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	ch := e.Connect(e.Owner, "a")
	for name, do := range map[string]func(){
		"again": func() {},
		"parked": func() {
			err := e.Store.InTx(t.Context(), func(ctx context.Context, r store.Repos) error {
				cur, err := r.Channels().Get(ctx, e.Org.ID, ch.ID)
				if err != nil {
					return err
				}
				return e.Channels.Credentials().Park(ctx, r, cur, "why", enginetest.Start)
			})
			if err != nil {
				t.Fatal(err)
			}
		},
		"disconnected": func() {
			if err := e.Channels.Disconnect(t.Context(), e.Owner, ch.ID); err != nil {
				t.Fatal(err)
			}
		},
	} {
		do()
		got := e.Connect(e.Owner, "a")
		if got.ID != ch.ID || got.State != domain.ChannelActive || got.StateReason != "" || got.Version <= ch.Version {
			t.Errorf("%s: got %+v, want the channel %s active", name, got, ch.ID)
		}
	}
	if list, err := e.Channels.List(t.Context(), e.Owner, store.ChannelFilter{Page: store.Page{Limit: 10}}); err != nil || len(list) != 1 {
		t.Errorf("got %v, %v; want one channel", list, err)
	}
}

func TestReconnectResumesInTimeAndMissesLate(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	ch := e.Connect(e.Owner, "a")
	book := func(when string) domain.DeliveryID {
		v, err := e.Posts.Create(t.Context(), e.Owner, compose.Input{
			Items: []domain.Item{{Text: "x"}}, When: compose.At, Time: when, Targets: []domain.Target{{Channel: ch.ID}},
		})
		if err != nil {
			t.Fatal(err)
		}
		return v.Deliveries[0].ID
	}
	ids := []domain.DeliveryID{book("2026-03-01T12:00:00Z"), book("2026-03-01T17:00:00Z"), book("2026-03-03T12:00:00Z")}
	for i, id := range ids {
		_, err := e.Store.Deliveries().Update(t.Context(), e.Org.ID, id, func(d *domain.Delivery) error {
			if i == 2 {
				return nil // is not due yet, so not blocked
			}
			return d.Block(domain.Reason{Code: "x"}, d.DueAt.Add(6*time.Hour), e.Clock.Now())
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	e.Clock.Advance(8 * time.Hour)
	e.Connect(e.Owner, "a")
	want := []domain.DeliveryState{domain.DeliveryMissed, domain.DeliveryScheduled, domain.DeliveryScheduled}
	for i, id := range ids {
		d, err := e.Store.Deliveries().Get(t.Context(), e.Org.ID, id)
		if err != nil || d.State != want[i] || d.WakeAt.IsZero() != (want[i] == domain.DeliveryMissed) {
			t.Errorf("delivery %d: got %s waking %v, %v; want %s", i, d.State, d.WakeAt, err, want[i])
		}
	}
	if _, _, err := e.Tick(t.Context()); err != nil || e.Platform.Calls("Publish") != 1 {
		t.Errorf("got %d publications, %v; want the one in time", e.Platform.Calls("Publish"), err)
	}
}

// behind is a store whose lists of blocked deliveries are out of date, as they
// are when a worker acts between the list and the change.
type behind struct {
	store.Store
	blocked []domain.Delivery
}

func (b behind) InTx(ctx context.Context, fn func(context.Context, store.Repos) error) error {
	return b.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error { return fn(ctx, behindRepos{r, b.blocked}) })
}

type behindRepos struct {
	store.Repos
	blocked []domain.Delivery
}

func (r behindRepos) Deliveries() store.Deliveries {
	return behindDeliveries{r.Repos.Deliveries(), r.blocked}
}

type behindDeliveries struct {
	store.Deliveries
	blocked []domain.Delivery
}

func (r behindDeliveries) OfChannel(context.Context, domain.OrganizationID, domain.ChannelID, int, ...domain.DeliveryState) ([]domain.Delivery, error) {
	return r.blocked, nil
}

func TestReconnectLeavesAloneWhatAWorkerTookUp(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	ch := e.Connect(e.Owner, "a")
	v, err := e.Posts.Create(t.Context(), e.Owner, compose.Input{
		Items: []domain.Item{{Text: "x"}}, When: compose.Now, Targets: []domain.Target{{Channel: ch.ID}},
	})
	if err != nil {
		t.Fatal(err)
	}
	now := e.Clock.Now()
	d, err := e.Store.Deliveries().Update(t.Context(), e.Org.ID, v.Deliveries[0].ID, func(d *domain.Delivery) error {
		return errors.Join(d.Begin(now), d.Fail(domain.Reason{Code: "x", Message: "No."}, now))
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, late := range []time.Duration{0, 24 * time.Hour} {
		e.Clock.Advance(late)
		if _, err := e.On(behind{e.Store, []domain.Delivery{d}}).Channels.ConnectForm(t.Context(), e.Owner, "test", form("a")); err != nil {
			t.Errorf("after %v: the connect was refused: %v", late, err)
		}
		if got, err := e.Store.Deliveries().Get(t.Context(), e.Org.ID, d.ID); err != nil || got.State != domain.DeliveryFailed || got.Reason.Code != "x" {
			t.Errorf("after %v: got %s, %v; want it failed as it was", late, got.State, err)
		}
	}
}

func TestDisconnect(t *testing.T) {
	t.Parallel()
	for name, failure := range map[string]error{"revoked": nil, "platform is down": social.Errorf(social.CodeUnavailable, "Down.")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := enginetest.New(t)
			ch := e.Connect(e.Owner, "a")
			e.Platform.OnRevoke = func(_ context.Context, tg social.Target) error {
				if tg.Credential.Access != "access-token-of-a" {
					t.Errorf("got %q to revoke", tg.Credential.Access)
				}
				return failure
			}
			if err := e.Channels.Disconnect(t.Context(), e.Owner, ch.ID); err != nil {
				t.Fatal(err)
			}
			kept, err := e.Store.Channels().Get(t.Context(), e.Org.ID, ch.ID)
			if err != nil || kept.Secret != "" || kept.State != domain.ChannelDisconnected || e.Platform.Calls("Revoke") != 1 {
				t.Errorf("got %+v, %v; want its credential forgotten and given back", kept, err)
			}
			if _, err := e.Channels.Get(t.Context(), e.Owner, ch.ID); fault.KindOf(err) != fault.NotFound {
				t.Errorf("got %v, want not found", err)
			}
			if err := e.Channels.Disconnect(t.Context(), e.Owner, ch.ID); fault.KindOf(err) != fault.NotFound {
				t.Errorf("got %v, want not found", err)
			}
		})
	}
}

func TestTenantsAndRoles(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	ch := e.Connect(e.Owner, "a")
	_, stranger := e.NewOrganization("")
	cases := map[string]struct {
		a            domain.Actor
		read, manage fault.Kind
	}{
		"viewer":   {enginetest.As(e.Owner, domain.RoleViewer, "v"), "", fault.Denied},
		"user":     {enginetest.As(e.Owner, domain.RoleUser, "u"), "", fault.Denied},
		"stranger": {stranger, fault.NotFound, fault.NotFound},
		"nobody":   {domain.Actor{Role: domain.RoleOwner}, fault.Unauthenticated, fault.Unauthenticated},
	}
	for name, tc := range cases {
		_, err := e.Channels.Get(t.Context(), tc.a, ch.ID)
		if fault.KindOf(err) != tc.read {
			t.Errorf("%s reads: got %v, want %q", name, err, tc.read)
		}
		if err := e.Channels.Disconnect(t.Context(), tc.a, ch.ID); fault.KindOf(err) != tc.manage {
			t.Errorf("%s disconnects: got %v, want %q", name, err, tc.manage)
		}
		if _, err := e.Channels.RefreshToken(t.Context(), tc.a, ch.ID); fault.KindOf(err) != tc.manage {
			t.Errorf("%s renews: got %v, want %q", name, err, tc.manage)
		}
		if tc.manage == fault.NotFound {
			continue
		}
		if _, err := e.Channels.ConnectForm(t.Context(), tc.a, "test", form("b")); fault.KindOf(err) != tc.manage {
			t.Errorf("%s connects: got %v, want %q", name, err, tc.manage)
		}
		if _, err := e.Channels.Begin(t.Context(), tc.a, "test", "https://x.example", nil); fault.KindOf(err) != tc.manage {
			t.Errorf("%s begins: got %v, want %q", name, err, tc.manage)
		}
		if _, err := e.Channels.Adopt(t.Context(), tc.a, "test", enginetest.ConnectionOf("b")); fault.KindOf(err) != tc.manage {
			t.Errorf("%s adopts: got %v, want %q", name, err, tc.manage)
		}
	}
	// The same account is another channel in another organization.
	if got := e.Connect(stranger, "a"); got.ID == ch.ID || got.Organization == ch.Organization {
		t.Errorf("got %+v, want a channel of its own", got)
	}
	if list, err := e.Channels.List(t.Context(), stranger, store.ChannelFilter{Page: store.Page{Limit: 10}}); err != nil || len(list) != 1 {
		t.Errorf("got %v, %v; want the one channel of the stranger", list, err)
	}
}

func TestTheAvatarIsNotFetched(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("%s was fetched", r.URL)
	}))
	defer srv.Close()
	e.Platform.OnConnect = func(_ context.Context, v social.Values) (social.Connection, error) {
		c := enginetest.ConnectionOf(v["account"])
		c.Avatar, c.URL = srv.URL+"/avatar.png", srv.URL
		return c, nil
	}
	if ch := e.Connect(e.Owner, "a"); ch.Avatar != srv.URL+"/avatar.png" || ch.URL != srv.URL {
		t.Errorf("got avatar %q, want it kept as it is", ch.Avatar)
	}
}

type tokens func(context.Context, domain.Channel) (social.Credential, error)

func (f tokens) Token(ctx context.Context, c domain.Channel) (social.Credential, error) {
	return f(ctx, c)
}

func TestAdoptUsesTheTokensOfTheHost(t *testing.T) {
	t.Parallel()
	asked := 0
	e := enginetest.New(t, func(c *core.Config) {
		c.Tokens = tokens(func(_ context.Context, ch domain.Channel) (social.Credential, error) {
			asked++
			return social.Credential{Access: fmt.Sprintf("host-%s-%d", ch.Account, asked)}, nil
		})
	})
	ch, err := e.Channels.Adopt(t.Context(), e.Owner, "test", enginetest.ConnectionOf("a"))
	if err != nil || !ch.HostTokens || ch.Secret != "" {
		t.Fatalf("got %+v, %v; want no credential stored", ch, err)
	}
	got, err := e.Channels.Credentials().Get(t.Context(), ch)
	if err != nil || got.Access != "host-a-1" {
		t.Errorf("got %q, %v; want the host's", got.Access, err)
	}
	if got, err = e.Channels.Credentials().Renew(t.Context(), ch); err != nil || got.Access != "host-a-2" || e.Platform.Calls("Refresh") != 0 {
		t.Errorf("got %q, %v; want the host asked again and nobody else", got.Access, err)
	}
	if err := e.Channels.Disconnect(t.Context(), e.Owner, ch.ID); err != nil || e.Platform.Calls("Revoke") != 0 {
		t.Errorf("got %v; want the host's tokens left alone", err)
	}
	if _, err := e.Channels.Adopt(t.Context(), e.Owner, "test", social.Connection{}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("got %v, want invalid without an account", err)
	}
}

func TestAdoptWithoutATokenSource(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	ch, err := e.Channels.Adopt(t.Context(), e.Owner, "test", enginetest.ConnectionOf("a"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Channels.Credentials().Get(t.Context(), ch); social.CodeOf(err) != social.CodeAuthRevoked {
		t.Errorf("got %v, want that a person must act", err)
	}
}

func TestCatalog(t *testing.T) {
	t.Parallel()
	a, b := enginetest.NewPlatform("a"), enginetest.NewPlatform("b")
	c, err := channel.NewCatalog([]social.Provider{b, a})
	if err != nil {
		t.Fatal(err)
	}
	if all := c.All(); len(all) != 2 || all[0].Descriptor.ID != "a" || all[0].Can.Form == nil {
		t.Errorf("got %+v, want them in order", all)
	}
	if _, err := c.Get("c"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("got %v, want not found", err)
	}
	_, err = channel.NewCatalog([]social.Provider{a, a, mute{a}, nil})
	for _, want := range []string{`"a" is given twice`, `"mute" has no way to connect`, "nil"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to say %q", err, want)
		}
	}
}

// mute is a provider that nobody can connect to.
type mute struct{ social.Provider }

func (mute) Descriptor() social.Descriptor { return social.Descriptor{ID: "mute"} }

// engines are several on one store and one platform, as several processes are.
func engines(t *testing.T, n int) []*enginetest.Engine {
	t.Helper()
	first := enginetest.New(t)
	out := []*enginetest.Engine{first}
	for range n - 1 {
		other := *first
		other.Engine = first.On(first.Store)
		out = append(out, &other)
	}
	return out
}

func TestRenewIsDoneOnceAtATime(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	ch := e.Connect(e.Owner, "a")
	gate := make(chan struct{})
	e.Platform.OnRefresh = func(_ context.Context, tg social.Target) (social.Credential, error) {
		<-gate
		return social.Credential{Access: "new-" + tg.Credential.Access, Expiry: enginetest.Start.Add(time.Hour)}, nil
	}
	var wg sync.WaitGroup
	got := make([]string, 20)
	for i := range got {
		wg.Go(func() {
			c, err := e.Channels.Credentials().Renew(t.Context(), ch)
			if err != nil {
				t.Error(err)
			}
			got[i] = c.Access + " " + c.Refresh
		})
	}
	close(gate)
	wg.Wait()
	if n := e.Platform.Calls("Refresh"); n != 1 {
		t.Errorf("got %d renewals, want 1", n)
	}
	for _, g := range got {
		if g != "new-access-token-of-a refresh-token-of-a" {
			t.Errorf("got %q; want the new token with the old refresh token, which the platform did not replace", g)
		}
	}
	stored, err := e.Store.Channels().Get(t.Context(), e.Org.ID, ch.ID)
	if err != nil || !stored.SecretExpires.Equal(enginetest.Start.Add(time.Hour)) {
		t.Errorf("got %+v, %v; want the new end", stored, err)
	}
}

func TestRenewWhileAnotherProcessDid(t *testing.T) {
	t.Parallel()
	for name, failure := range map[string]error{
		"and ours worked":  nil,
		"and ours did not": social.Errorf(social.CodeAuthRevoked, "This token was used already."),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := engines(t, 2)
			ch := e[0].Connect(e[0].Owner, "a")
			e[0].Platform.OnRefresh = func(ctx context.Context, _ social.Target) (social.Credential, error) {
				if e[0].Platform.Calls("Refresh") > 1 {
					return social.Credential{Access: "theirs"}, nil
				}
				// Our process stood still for longer than its lease, and the other one
				// renews while our call is on its way.
				e[0].Clock.Advance(3 * time.Minute)
				if _, err := e[1].Channels.Credentials().Renew(ctx, ch); err != nil {
					t.Error(err)
				}
				return social.Credential{Access: "ours"}, failure
			}
			got, err := e[0].Channels.Credentials().Renew(t.Context(), ch)
			if err != nil || got.Access != "theirs" {
				t.Errorf("got %q, %v; want theirs, which is stored", got.Access, err)
			}
			cur, err := e[0].Channels.Get(t.Context(), e[0].Owner, ch.ID)
			if err != nil || cur.State != domain.ChannelActive {
				t.Errorf("got %s, %v; want the channel active", cur.State, err)
			}
			again, err := e[0].Channels.Credentials().Get(t.Context(), cur)
			if err != nil || again.Access != "theirs" {
				t.Errorf("got %q, %v; want theirs", again.Access, err)
			}
		})
	}
}

func TestGetRenewsWhatIsAboutToEnd(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		left    time.Duration
		answer  error
		want    string
		refused social.Code
	}{
		"long enough":        {6 * time.Minute, nil, "access-token-of-a", ""},
		"about to end":       {4 * time.Minute, nil, "renewed-1", ""},
		"ended":              {-time.Minute, nil, "renewed-1", ""},
		"platform is down":   {time.Minute, social.Errorf(social.CodeUnavailable, "Down."), "access-token-of-a", ""},
		"answer was lost":    {time.Minute, errors.New("boom"), "access-token-of-a", ""},
		"limited":            {time.Minute, social.Errorf(social.CodeRateLimited, "Slow."), "access-token-of-a", ""},
		"revoked":            {time.Minute, social.Errorf(social.CodeAuthRevoked, "Gone."), "", social.CodeAuthRevoked},
		"blocked":            {time.Minute, social.Errorf(social.CodeAccountBlocked, "No."), "", social.CodeAccountBlocked},
		"permission missing": {time.Minute, social.Errorf(social.CodeScopeMissing, "No."), "", social.CodeScopeMissing},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := enginetest.New(t)
			e.Platform.OnConnect = func(_ context.Context, v social.Values) (social.Connection, error) {
				c := enginetest.ConnectionOf(v["account"])
				c.Credential.Expiry = enginetest.Start.Add(time.Hour)
				return c, nil
			}
			if tc.answer != nil {
				e.Platform.OnRefresh = func(context.Context, social.Target) (social.Credential, error) {
					return social.Credential{}, tc.answer
				}
			}
			ch := e.Connect(e.Owner, "a")
			e.Clock.Advance(time.Hour - tc.left)
			got, err := e.Channels.Credentials().Get(t.Context(), ch)
			if got.Access != tc.want || tc.refused == "" && err != nil || tc.refused != "" && social.CodeOf(err) != tc.refused {
				t.Errorf("got %q, %v; want %q, %q", got.Access, err, tc.want, tc.refused)
			}
		})
	}
}

func TestRefreshTokenParksOnlyWhatIsRevoked(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		err  error
		want domain.ChannelState
		kind fault.Kind
	}{
		"works":         {nil, domain.ChannelActive, ""},
		"down":          {social.Errorf(social.CodeUnavailable, "Down."), domain.ChannelActive, fault.Unavailable},
		"revoked":       {social.Errorf(social.CodeAuthRevoked, "Gone."), domain.ChannelReconnect, fault.Invalid},
		"without token": {nil, domain.ChannelActive, fault.Unavailable},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := enginetest.New(t)
			ch := e.Connect(e.Owner, "a")
			e.Platform.OnRefresh = func(_ context.Context, tg social.Target) (social.Credential, error) {
				if name == "without token" {
					tg.Credential.Access = ""
				}
				return tg.Credential, tc.err
			}
			_, err := e.Channels.RefreshToken(t.Context(), e.Owner, ch.ID)
			cur, gerr := e.Channels.Get(t.Context(), e.Owner, ch.ID)
			if fault.KindOf(err) != tc.kind || gerr != nil || cur.State != tc.want {
				t.Errorf("got %v and %s, want %q and %s", err, cur.State, tc.kind, tc.want)
			}
			cred, err := e.Channels.Credentials().Get(t.Context(), cur)
			if err != nil || cred.Access != "access-token-of-a" || cred.Refresh != "refresh-token-of-a" {
				t.Errorf("got %+v, %v; want the old credential kept", cred.Access, err)
			}
		})
	}
}

func TestARenewalBringsAParkedChannelBack(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	ch := e.Connect(e.Owner, "a")
	gone := social.Errorf(social.CodeAuthRevoked, "Gone.")
	e.Platform.OnRefresh = func(_ context.Context, tg social.Target) (social.Credential, error) {
		if gone != nil {
			return social.Credential{}, gone
		}
		return tg.Credential, nil
	}
	if _, err := e.Channels.RefreshToken(t.Context(), e.Owner, ch.ID); err == nil {
		t.Fatal("a revoked sign-in was renewed")
	}
	gone = nil
	got, err := e.Channels.RefreshToken(t.Context(), e.Owner, ch.ID)
	if err != nil || got.State != domain.ChannelActive {
		t.Errorf("got %s, %v; want the channel active again", got.State, err)
	}
}

// TestARevokedSignInIsNotAskedForAgainAndAgain: a parked channel whose renewal a
// person tried in vain is renewed once more by itself, and no more when the
// platform says that it is over.
func TestARevokedSignInIsNotAskedForAgainAndAgain(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	ch := e.Connect(e.Owner, "a")
	calls := 0
	e.Platform.OnRefresh = func(context.Context, social.Target) (social.Credential, error) {
		code := social.CodeAuthRevoked
		if calls++; calls == 2 || calls > 10 { // the last is so that the test ends
			code = social.CodeUnavailable
		}
		return social.Credential{}, social.Errorf(code, "No.")
	}
	for range 2 { // parks it, and is told that the platform is down
		if _, err := e.Channels.RefreshToken(t.Context(), e.Owner, ch.ID); err == nil {
			t.Fatal("a revoked sign-in was renewed")
		}
	}
	e.Clock.Advance(time.Hour)
	for range 2 {
		if _, err := e.Channels.Credentials().RenewDue(t.Context(), e.Clock.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if calls != 3 {
		t.Errorf("got %d calls, want 3", calls)
	}
}

func TestACredentialIsOfNoUseOnAnotherChannel(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	a, b := e.Connect(e.Owner, "a"), e.Connect(e.Owner, "b")
	b.Secret = a.Secret
	_, err := e.Channels.Credentials().Get(t.Context(), b)
	if social.CodeOf(err) != social.CodeAuthRevoked {
		t.Errorf("got %v; want a sealed text that was moved to be refused, and a person asked to reconnect", err)
	}
}
