package channel_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/compose"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/ports/store"
	"github.com/crierhq/crier/testkit/enginetest"
)

// expiring has every connect of e give a credential that ends after life.
func expiring(e *enginetest.Engine, life time.Duration) {
	e.Platform.OnConnect = func(_ context.Context, v social.Values) (social.Connection, error) {
		c := enginetest.ConnectionOf(v["account"])
		c.Credential.Expiry = e.Clock.Now().Add(life)
		return c, nil
	}
}

// renewing has every renewal of e give a credential that ends after life.
func renewing(e *enginetest.Engine, life time.Duration) {
	e.Platform.OnRefresh = func(_ context.Context, t social.Target) (social.Credential, error) {
		return social.Credential{Access: "new-" + t.Credential.Access, Expiry: e.Clock.Now().Add(life)}, nil
	}
}

func credentialOf(t *testing.T, e *enginetest.Engine, id domain.ChannelID) (domain.Channel, social.Credential) {
	t.Helper()
	ch, err := e.Store.Channels().Get(t.Context(), e.Org.ID, id)
	if err != nil {
		t.Fatal(err)
	}
	cred, err := e.Channels.Credentials().Get(t.Context(), ch)
	if err != nil {
		t.Fatal(err)
	}
	return ch, cred
}

// eventsOf are the events of a kind, oldest first.
func eventsOf(t *testing.T, e *enginetest.Engine, kind domain.EventKind) []domain.Event {
	t.Helper()
	evs, err := e.Store.Outbox().Pending(t.Context(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(evs, func(ev domain.Event) bool { return ev.Kind != kind })
}

func sweep(t *testing.T, e *enginetest.Engine) time.Time {
	t.Helper()
	next, err := e.Channels.Credentials().RenewDue(t.Context(), e.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	return next
}

func TestRegression10ReconnectWithoutANewRefreshTokenKeepsTheOld(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	first := e.Connect(e.Owner, "a")
	e.Platform.OnConnect = func(_ context.Context, v social.Values) (social.Connection, error) {
		c := enginetest.ConnectionOf(v["account"])
		c.Credential = social.Credential{Access: "second"}
		return c, nil
	}
	if again := e.Connect(e.Owner, "a"); again.ID != first.ID {
		t.Fatalf("got channel %s, want %s", again.ID, first.ID)
	}
	if _, cred := credentialOf(t, e, first.ID); cred.Access != "second" || cred.Refresh != "refresh-token-of-a" {
		t.Error("got another credential; want the new access token with the old refresh token")
	}
}

func TestRegression10TwoConcurrentRefreshesMakeOneCall(t *testing.T) {
	t.Parallel()
	for name, processes := range map[string]int{"in one process": 1, "in two processes": 2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e := engines(t, processes)
				ch := e[0].Connect(e[0].Owner, "a")
				e[0].Platform.OnRefresh = func(context.Context, social.Target) (social.Credential, error) {
					time.Sleep(5 * time.Second)
					return social.Credential{Access: "new", Refresh: "new-refresh"}, nil
				}
				var wg sync.WaitGroup
				for i := range 10 {
					wg.Go(func() {
						c, err := e[i%processes].Channels.Credentials().Renew(t.Context(), ch)
						if err != nil || c.Access != "new" {
							t.Errorf("got %q, %v; want the one new token", c.Access, err)
						}
					})
				}
				wg.Wait()
				if n := e[0].Platform.Calls("Refresh"); n != 1 {
					t.Errorf("got %d calls, want 1", n)
				}
				if _, cred := credentialOf(t, e[0], ch.ID); cred.Refresh != "new-refresh" {
					t.Error("the new refresh token is lost")
				}
			})
		})
	}
}

func TestRegression10ATransientRefreshErrorIsNoDisconnect(t *testing.T) {
	t.Parallel()
	for name, failure := range map[string]error{
		"network":  errors.New("connection reset"),
		"time-out": context.DeadlineExceeded,
		"5xx":      &social.Error{Code: social.CodeUnavailable, Status: 503, Message: "Down."},
		"limited":  &social.Error{Code: social.CodeRateLimited, RetryAfter: time.Minute, Message: "Slow."},
		"rejected": social.Errorf(social.CodeRejected, "Odd."),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := enginetest.New(t)
			expiring(e, time.Hour)
			ch := e.Connect(e.Owner, "a")
			fails := true
			e.Platform.OnRefresh = func(context.Context, social.Target) (social.Credential, error) {
				if fails {
					return social.Credential{}, failure
				}
				return social.Credential{Access: "new", Expiry: e.Clock.Now().Add(time.Hour)}, nil
			}
			e.Clock.Advance(45 * time.Minute)
			for range 30 { // beyond the end of the token
				sweep(t, e)
				e.Clock.Advance(time.Minute)
			}
			ch, _ = credentialOf(t, e, ch.ID)
			if ch.State != domain.ChannelActive || ch.RefreshFailures < 3 || ch.RefreshProblem == "" || len(eventsOf(t, e, domain.EventChannelReconnect)) != 0 {
				t.Errorf("got %s after %d failures (%q), want it active", ch.State, ch.RefreshFailures, ch.RefreshProblem)
			}
			if n := e.Platform.Calls("Refresh"); n > 12 {
				t.Errorf("got %d calls in half an hour, want them to become fewer", n)
			}
			fails = false
			e.Clock.Advance(2 * time.Hour)
			sweep(t, e)
			if ch, cred := credentialOf(t, e, ch.ID); cred.Access != "new" || cred.Refresh != "refresh-token-of-a" || ch.RefreshFailures != 0 || ch.RefreshProblem != "" {
				t.Errorf("got %q after %d failures; want it renewed with its refresh token", cred.Access, ch.RefreshFailures)
			}
		})
	}
}

func TestRegression11ALongLivedTokenIsRefreshedWellBeforeExpiry(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for name, down := range map[string]time.Duration{"in time": 0, "after downtime": 5 * day} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := enginetest.New(t)
			expiring(e, 60*day)
			renewing(e, 60*day)
			ch := e.Connect(e.Owner, "a")
			if next := sweep(t, e); !next.Equal(enginetest.Start.Add(53*day)) || e.Platform.Calls("Refresh") != 0 {
				t.Fatalf("got %d renewals and the next at %s, want none and one seven days before the end", e.Platform.Calls("Refresh"), next)
			}
			e.Clock.Advance(53*day + down)
			if _, _, err := e.Tick(t.Context()); err != nil {
				t.Fatal(err)
			}
			got, cred := credentialOf(t, e, ch.ID)
			if cred.Access != "new-access-token-of-a" || cred.Refresh != "refresh-token-of-a" || !got.SecretExpires.Equal(e.Clock.Now().Add(60*day)) {
				t.Errorf("got %q ending %s, want it renewed", cred.Access, got.SecretExpires)
			}
		})
	}
}

func TestRegression11RunRenewsByItself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := enginetest.New(t, func(c *core.Config) { c.Now = time.Now })
		e.Platform.OnConnect = func(_ context.Context, v social.Values) (social.Connection, error) {
			c := enginetest.ConnectionOf(v["account"])
			c.Credential.Expiry = time.Now().Add(time.Hour)
			return c, nil
		}
		e.Platform.OnRefresh = func(context.Context, social.Target) (social.Credential, error) {
			return social.Credential{Access: "new", Expiry: time.Now().Add(time.Hour)}, nil
		}
		ctx, stop := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { e.Channels.Credentials().Run(ctx) })
		e.Connect(e.Owner, "a")
		time.Sleep(39 * time.Minute)
		if n := e.Platform.Calls("Refresh"); n != 0 {
			t.Errorf("got %d renewals after 39 minutes, want none", n)
		}
		time.Sleep(2 * time.Minute)
		if n := e.Platform.Calls("Refresh"); n != 1 {
			t.Errorf("got %d renewals after 41 minutes, want 1", n)
		}
		stop()
		wg.Wait()
	})
}

func TestRegression12AnAvatarThatCannotBeDownloadedDoesNotMatter(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	srv := httptest.NewServer(http.NotFoundHandler())
	srv.Close()
	e.Platform.OnConnect = func(_ context.Context, v social.Values) (social.Connection, error) {
		c := enginetest.ConnectionOf(v["account"])
		c.Avatar = srv.URL + "/avatar.png"
		return c, nil
	}
	if ch := e.Connect(e.Owner, "a"); ch.State != domain.ChannelActive || ch.Avatar != srv.URL+"/avatar.png" {
		t.Errorf("got %s with avatar %q, want it connected", ch.State, ch.Avatar)
	}
}

func TestAHolderThatDiedIsReplaced(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	expiring(e, time.Hour)
	ch := e.Connect(e.Owner, "a")
	e.Clock.Advance(50 * time.Minute)
	claim := store.RenewalClaim{Owner: "dead", Now: e.Clock.Now(), Until: e.Clock.Now().Add(2 * time.Minute), Limit: 1}
	if chs, err := e.Store.Channels().ClaimRenewals(t.Context(), claim); err != nil || len(chs) != 1 {
		t.Fatalf("got %d, %v; want it claimed", len(chs), err)
	}
	sweep(t, e)
	if n := e.Platform.Calls("Refresh"); n != 0 {
		t.Fatalf("got %d calls while the lease lives, want none", n)
	}
	e.Clock.Advance(2 * time.Minute)
	sweep(t, e)
	if n := e.Platform.Calls("Refresh"); n != 1 {
		t.Errorf("got %d calls after the lease, want 1", n)
	}
	if _, cred := credentialOf(t, e, ch.ID); cred.Access != "renewed-1" {
		t.Errorf("got %q, want it renewed", cred.Access)
	}
}

func TestWhileAnotherRenewsAGoodTokenIsUsed(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	expiring(e, time.Hour)
	ch := e.Connect(e.Owner, "a")
	e.Clock.Advance(58 * time.Minute)
	claim := store.RenewalClaim{Owner: "other", Now: e.Clock.Now(), Until: e.Clock.Now().Add(time.Hour), Limit: 1}
	if _, err := e.Store.Channels().ClaimRenewals(t.Context(), claim); err != nil {
		t.Fatal(err)
	}
	if got, err := e.Channels.Credentials().Get(t.Context(), ch); err != nil || got.Access != "access-token-of-a" {
		t.Errorf("got %q, %v; want the token that is still good, without a wait", got.Access, err)
	}
}

// failing is a store that does not take a renewed credential at first.
type failing struct {
	store.Store
	left *int
}

func (f failing) InTx(ctx context.Context, fn func(context.Context, store.Repos) error) error {
	if *f.left > 0 {
		*f.left--
		return fault.New(fault.Unavailable, "database", "Down.")
	}
	return f.Store.InTx(ctx, fn)
}

func TestAFreshTokenIsStoredAfterTheProcessIsToldToStop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := enginetest.New(t)
		ch := e.Connect(e.Owner, "a")
		left := 3
		ctx, stop := context.WithCancel(t.Context())
		e.Platform.OnRefresh = func(call context.Context, _ social.Target) (social.Credential, error) {
			stop()
			if call.Err() != nil {
				t.Error("the call was cut off")
			}
			return social.Credential{Access: "new", Refresh: "rotated"}, nil
		}
		if _, err := e.On(failing{e.Store, &left}).Channels.Credentials().Renew(ctx, ch); err != nil {
			t.Errorf("got %v, want it stored", err)
		}
		if _, cred := credentialOf(t, e, ch.ID); cred.Refresh != "rotated" || left != 0 {
			t.Errorf("the new refresh token is lost, with %d failures left", left)
		}
	})
}

func TestARenewalUndoesAParkByOneThatCameTooLate(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	ch := e.Connect(e.Owner, "a")
	e.Platform.OnRefresh = func(ctx context.Context, _ social.Target) (social.Credential, error) {
		err := e.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error {
			return e.Channels.Credentials().Park(ctx, r, ch, "The old token was refused.", e.Clock.Now())
		})
		return social.Credential{Access: "new"}, err
	}
	if _, err := e.Channels.Credentials().Renew(t.Context(), ch); err != nil {
		t.Fatal(err)
	}
	if got, _ := credentialOf(t, e, ch.ID); got.State != domain.ChannelActive {
		t.Errorf("got %s, want it active", got.State)
	}
}

func TestASlowPlatformHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow := enginetest.NewPlatform("slow")
		e := enginetest.New(t, func(c *core.Config) { c.Providers = append(c.Providers, slow) })
		expiring(e, time.Hour)
		slow.OnConnect = e.Platform.OnConnect
		slow.OnRefresh = func(ctx context.Context, _ social.Target) (social.Credential, error) {
			<-ctx.Done()
			return social.Credential{}, ctx.Err()
		}
		quick := make([]time.Duration, 0, 20)
		began := time.Now()
		e.Platform.OnRefresh = func(context.Context, social.Target) (social.Credential, error) {
			quick = append(quick, time.Since(began))
			return social.Credential{Access: "new"}, nil
		}
		for i := range 20 {
			account := string(rune('a' + i))
			if _, err := e.Channels.ConnectForm(t.Context(), e.Owner, "slow", form(account)); err != nil {
				t.Fatal(err)
			}
			e.Clock.Advance(time.Millisecond)
		}
		e.Connect(e.Owner, "quick")
		e.Clock.Advance(50 * time.Minute)
		sweep(t, e)
		if len(quick) != 1 || quick[0] > time.Second || slow.Calls("Refresh") != 20 {
			t.Errorf("got quick renewals after %v and %d slow ones; want one at once, and 20", quick, slow.Calls("Refresh"))
		}
	})
}

// noRefresh is a platform that cannot renew.
type noRefresh struct {
	social.Provider
	social.FormConnector
}

func TestAnEndThatOnlyPeopleCanAvertIsForetold(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	p := enginetest.NewPlatform("test")
	e := enginetest.New(t, func(c *core.Config) { c.Providers = []social.Provider{noRefresh{p, p}} })
	e.Platform = p
	expiring(e, 30*day)
	ch := e.Connect(e.Owner, "a")
	if !ch.RefreshAt.IsZero() {
		t.Errorf("got a renewal planned for %s, want none", ch.RefreshAt)
	}
	in := compose.Input{Items: []domain.Item{{Text: "x"}}, When: compose.At, Time: "2026-04-05T12:00:00Z", Targets: []domain.Target{{Channel: ch.ID}}}
	if _, err := e.Posts.Create(t.Context(), e.Owner, in); err != nil {
		t.Fatal(err)
	}
	told := func(when string, expiring, reconnect int) {
		t.Helper()
		sweep(t, e)
		sweep(t, e)
		if x, r := eventsOf(t, e, domain.EventChannelExpiring), eventsOf(t, e, domain.EventChannelReconnect); len(x) != expiring || len(r) != reconnect {
			t.Errorf("%s: got %d forecasts and %d calls to reconnect, want %d and %d", when, len(x), len(r), expiring, reconnect)
		}
	}
	told("at the start", 0, 0)
	e.Clock.Advance(23 * day)
	told("a week ahead", 1, 0)
	var data struct {
		ExpiresAt       time.Time `json:"expiresAt"`
		ScheduledBehind int       `json:"scheduledBehind"`
	}
	evs := eventsOf(t, e, domain.EventChannelExpiring)
	if err := json.Unmarshal(evs[0].Data, &data); err != nil || data.ScheduledBehind != 1 || !data.ExpiresAt.Equal(enginetest.Start.Add(30*day)) {
		t.Errorf("got %s, %v; want the end and the one delivery behind it", evs[0].Data, err)
	}
	e.Clock.Advance(5 * day)
	told("two days ahead", 1, 0)
	e.Clock.Advance(day)
	told("a day ahead", 2, 0)
	e.Connect(e.Owner, "a")
	e.Clock.Advance(23 * day)
	told("a week ahead after the reconnect", 3, 0)
	e.Clock.Advance(7 * day)
	told("at the end", 3, 1)
	if got, err := e.Channels.Get(t.Context(), e.Owner, ch.ID); err != nil || got.State != domain.ChannelReconnect {
		t.Errorf("got %s, %v; want it parked", got.State, err)
	}
}

func TestRenewalsThatKeepFailingAreForetoldOnce(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	expiring(e, 60*24*time.Hour)
	ch := e.Connect(e.Owner, "a")
	e.Platform.OnRefresh = func(context.Context, social.Target) (social.Credential, error) {
		return social.Credential{}, social.Errorf(social.CodeUnavailable, "The platform is down.")
	}
	e.Clock.Advance(53 * 24 * time.Hour)
	for range 24 {
		sweep(t, e)
		e.Clock.Advance(2 * time.Hour)
	}
	evs := eventsOf(t, e, domain.EventChannelExpiring)
	if len(evs) != 1 || !strings.Contains(string(evs[0].Data), "The platform is down.") || evs[0].Subject != string(ch.ID) {
		t.Errorf("got %d forecasts, want one with the reason", len(evs))
	}
}

func TestRevocationBlocksTellsOnceAndResumes(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	expiring(e, time.Hour)
	ch := e.Connect(e.Owner, "a")
	e.Platform.OnRefresh = func(context.Context, social.Target) (social.Credential, error) {
		return social.Credential{}, social.Errorf(social.CodeAuthRevoked, "You were signed out.")
	}
	book := func(when string) domain.DeliveryID {
		v, err := e.Posts.Create(t.Context(), e.Owner, compose.Input{
			Items: []domain.Item{{Text: "x"}}, When: compose.At, Time: when, Targets: []domain.Target{{Channel: ch.ID}},
		})
		if err != nil {
			t.Fatal(err)
		}
		return v.Deliveries[0].ID
	}
	ids := []domain.DeliveryID{book("2026-03-01T13:00:00Z"), book("2026-03-01T20:00:00Z")}
	want := func(when string, states ...domain.DeliveryState) {
		t.Helper()
		for i, id := range ids {
			if d, err := e.Store.Deliveries().Get(t.Context(), e.Org.ID, id); err != nil || d.State != states[i] {
				t.Errorf("%s: delivery %d is %s, %v; want %s", when, i, d.State, err, states[i])
			}
		}
	}
	tick := func() {
		t.Helper()
		if _, _, err := e.Tick(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	e.Clock.Advance(50 * time.Minute)
	tick()
	e.Clock.Advance(20 * time.Minute)
	tick()
	tick()
	want("when it is due", domain.DeliveryBlocked, domain.DeliveryScheduled)
	e.Clock.Advance(6*time.Hour + 55*time.Minute)
	tick()
	want("when the first is late", domain.DeliveryMissed, domain.DeliveryBlocked)
	if n := len(eventsOf(t, e, domain.EventChannelReconnect)); n != 1 || e.Platform.Calls("Refresh") != 1 {
		t.Errorf("people were told %d times after %d calls, want once and one", n, e.Platform.Calls("Refresh"))
	}
	expiring(e, 24*time.Hour)
	e.Connect(e.Owner, "a")
	tick()
	want("after the reconnect", domain.DeliveryMissed, domain.DeliveryPublished)
}
