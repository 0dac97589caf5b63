package domain_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
)

func TestSummarizeEveryCombination(t *testing.T) {
	t.Parallel()
	all := domain.DeliveryStates()
	for _, a := range all {
		for _, b := range all {
			for _, c := range all {
				list := []domain.DeliveryState{a, b, c}
				got := domain.Summarize(domain.PostScheduled, list)
				if want := summaryOf(list); got != want {
					t.Errorf("%v: got %s, want %s", list, got, want)
				}
				slices.Reverse(list)
				if again := domain.Summarize(domain.PostScheduled, list); again != got {
					t.Errorf("%v: got %s, and %s in another order", list, got, again)
				}
			}
		}
	}
}

// summaryOf says in other words what Summarize promises.
func summaryOf(list []domain.DeliveryState) domain.Summary {
	live := slices.DeleteFunc(slices.Clone(list), func(s domain.DeliveryState) bool { return s == domain.DeliveryCanceled })
	every := func(want domain.DeliveryState) bool {
		return !slices.ContainsFunc(live, func(s domain.DeliveryState) bool { return s != want })
	}
	switch {
	case slices.ContainsFunc(live, domain.DeliveryState.NeedsAttention):
		return domain.SummaryAttention
	case slices.ContainsFunc(live, domain.DeliveryState.Moving):
		return domain.SummaryPublishing
	case len(live) == 0:
		return domain.SummaryCanceled
	case every(domain.DeliveryScheduled):
		return domain.SummaryScheduled
	case every(domain.DeliveryPublished):
		return domain.SummaryPublished
	default:
		return domain.SummaryPartlyPublished
	}
}

func TestSummarizeOfThePostItself(t *testing.T) {
	t.Parallel()
	for _, s := range domain.DeliveryStates() {
		if got := domain.Summarize(domain.PostDeleted, []domain.DeliveryState{s}); got != domain.SummaryDeleted {
			t.Errorf("deleted with %s: got %s, want deleted", s, got)
		}
		if got := domain.Summarize(domain.PostDraft, []domain.DeliveryState{s}); got != domain.SummaryDraft {
			t.Errorf("draft with %s: got %s, want draft", s, got)
		}
	}
	if got := domain.Summarize(domain.PostScheduled, nil); got != domain.SummaryDraft {
		t.Errorf("without deliveries: got %s, want draft", got)
	}
	if got := domain.PostEvent(domain.SummaryPublished); got != "post.published" {
		t.Errorf("got event %q, want post.published", got)
	}
}

func TestAttemptKey(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, d := range []domain.DeliveryID{"d1", "d11", "d"} {
		for item := range 12 {
			for rev := range 12 {
				k := domain.AttemptKey(d, item, rev)
				if seen[k] || k != domain.AttemptKey(d, item, rev) {
					t.Errorf("key %q of %s item %d revision %d is not its own", k, d, item, rev)
				}
				seen[k] = true
			}
		}
	}
}

func TestAttemptsEndOnce(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 1234, time.FixedZone("x", 3600))
	ref := &domain.Ref{ID: "r"}
	final := []domain.AttemptResult{domain.AttemptAccepted, domain.AttemptRefused}
	for _, res := range final {
		a := domain.Attempt{Number: 1}
		if err := a.End(domain.AttemptUnknown, domain.Reason{Code: "lost"}, 502, nil, now); err != nil {
			t.Fatal(err)
		}
		if err := a.End(res, domain.Reason{Code: "found"}, 200, ref, now); err != nil {
			t.Fatalf("an unknown result was not cleared up: %v", err)
		}
		if a.Result != res || a.Reason.Code != "found" || a.Status != 200 || a.Ref != ref || a.EndedAt != domain.Instant(now) {
			t.Errorf("got %+v, want the end as told", a)
		}
		before := a
		err := a.End(domain.AttemptUnknown, domain.Reason{}, 0, nil, now)
		if !errors.Is(err, &fault.Error{Kind: fault.Conflict, Code: "attempt_ended"}) || a != before {
			t.Errorf("%s: got %+v, %v; want a conflict and no change", res, a, err)
		}
	}
}

func TestChannelChanges(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var c domain.Channel
	c.Connect("sealed", now.Add(time.Hour), true, now)
	if c.State != domain.ChannelActive || c.Secret != "sealed" || !c.SecretExpires.Equal(now.Add(time.Hour)) {
		t.Fatalf("got %+v, want it active", c)
	}
	if !c.NeedReconnect("why", now) || c.State != domain.ChannelReconnect || c.StateReason != "why" || c.Secret == "" {
		t.Errorf("got %+v, want it parked with its credential", c)
	}
	c.RenewalFailed("down", 0, now)
	if c.NeedReconnect("again", now) || c.StateReason != "why" || !c.RefreshAt.IsZero() {
		t.Errorf("got %+v, want parking it twice to be no news, and no renewal planned", c)
	}
	c.Connect("new", time.Time{}, true, now)
	if c.State != domain.ChannelActive || c.StateReason != "" || !c.SecretExpires.IsZero() {
		t.Errorf("got %+v, want it active without an end", c)
	}
	if err := c.Disconnect(now); err != nil || c.Secret != "" || c.State != domain.ChannelDisconnected {
		t.Errorf("got %+v, %v; want no credential left", c, err)
	}
	if err := c.Disconnect(now); fault.KindOf(err) != fault.NotFound {
		t.Errorf("got %v, want not found", err)
	}
	if c.NeedReconnect("late", now) || c.State != domain.ChannelDisconnected {
		t.Error("a channel that is gone was parked")
	}
}

func TestPostTargets(t *testing.T) {
	t.Parallel()
	own := []domain.Item{{Text: "own"}}
	p := domain.Post{Items: []domain.Item{{Text: "all"}}, Targets: []domain.Target{{Channel: "a"}, {Channel: "b", Items: own}}}
	for ch, want := range map[domain.ChannelID]string{"a": "all", "b": "own", "gone": "all"} {
		if got := p.ItemsFor(ch)[0].Text; got != want {
			t.Errorf("%s: got %q, want %q", ch, got, want)
		}
	}
	if _, ok := p.Target("gone"); ok {
		t.Error("found a target that is not there")
	}
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	if err := p.Delete(now); err != nil || p.State != domain.PostDeleted || !p.UpdatedAt.Equal(now) {
		t.Errorf("got %s at %v, %v; want deleted", p.State, p.UpdatedAt, err)
	}
	if err := p.Delete(now); fault.KindOf(err) != fault.NotFound {
		t.Errorf("got %v, want not found", err)
	}
}

func TestOrganizationDefaults(t *testing.T) {
	t.Parallel()
	if got := (domain.Organization{}).Late(0); got != domain.DefaultLateWindow {
		t.Errorf("got %v, want the default", got)
	}
	if got := (domain.Organization{LateWindow: time.Minute}).Late(0); got != time.Minute {
		t.Errorf("got %v, want a minute", got)
	}
	for zone, want := range map[string]string{"": "UTC", "Europe/Berlin": "Europe/Berlin", "Nowhere/Land": "UTC"} {
		if got := (domain.Organization{Zone: zone}).Location().String(); got != want {
			t.Errorf("%q: got %s, want %s", zone, got, want)
		}
	}
}

func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	s := domain.Session{ExpiresAt: now.Add(time.Second)}
	if !s.Live(now) || s.Live(now.Add(time.Second)) {
		t.Error("a session lives until, and not at, its end")
	}
	s.RevokedAt = now
	if s.Live(now) {
		t.Error("a revoked session lives")
	}
}
