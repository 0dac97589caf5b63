package insight_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/testkit/enginetest"
)

// counted is a platform that tells numbers.
type counted struct {
	*enginetest.Platform
	post    func(t social.Target, ref social.Ref) (social.Metrics, error)
	account func(t social.Target, p social.Period) (social.Series, error)
}

func (c *counted) Metrics(_ context.Context, t social.Target, ref social.Ref) (social.Metrics, error) {
	return c.post(t, ref)
}

func (c *counted) AccountMetrics(_ context.Context, t social.Target, p social.Period) (social.Series, error) {
	return c.account(t, p)
}

func newCounted(t *testing.T) (*enginetest.Engine, *counted) {
	t.Helper()
	c := &counted{Platform: enginetest.NewPlatform("counted")}
	return enginetest.New(t, func(cfg *core.Config) { cfg.Providers = append(cfg.Providers, c) }), c
}

func connect(t *testing.T, e *enginetest.Engine, on domain.ProviderID) domain.Channel {
	t.Helper()
	ch, err := e.Channels.ConnectForm(t.Context(), e.Owner, on, map[string]string{"account": "ann", "password": "x"})
	if err != nil {
		t.Fatal(err)
	}
	return ch
}

func TestNumbersOfAnAccount(t *testing.T) {
	t.Parallel()
	e, c := newCounted(t)
	ch := connect(t, e, "counted")
	day := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	c.account = func(tg social.Target, p social.Period) (social.Series, error) {
		if tg.Credential.Access == "access-token-of-ann" {
			return nil, social.Errorf(social.CodeAuthExpired, "Ended.")
		}
		return social.Series{social.MetricFollowers: {{Day: p.From, Value: int64(p.To.Sub(p.From) / (24 * time.Hour))}}}, nil
	}
	got, err := e.Insight.Account(t.Context(), e.Owner, ch.ID, day.Add(5*time.Hour), day.AddDate(0, 0, 3).Add(time.Hour))
	if err != nil || len(got[social.MetricFollowers]) != 1 || got[social.MetricFollowers][0] != (social.Point{Day: day, Value: 3}) {
		t.Errorf("got %v, %v; want whole days, after a renewal", got, err)
	}
	for name, to := range map[string]time.Time{"backwards": day, "two years": day.AddDate(2, 0, 0)} {
		if _, err := e.Insight.Account(t.Context(), e.Owner, ch.ID, day, to); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: got %v, want it refused", name, err)
		}
	}
	stranger := e.Owner
	stranger.Organization = "another"
	if _, err := e.Insight.Account(t.Context(), stranger, ch.ID, day, day.AddDate(0, 0, 1)); fault.KindOf(err) != fault.NotFound {
		t.Errorf("got %v for another organization", err)
	}
	c.account = func(social.Target, social.Period) (social.Series, error) {
		return nil, social.Errorf(social.CodeScopeMissing, "Not allowed.")
	}
	if _, err := e.Insight.Account(t.Context(), e.Owner, ch.ID, day, day.AddDate(0, 0, 1)); !errors.Is(err, &fault.Error{Kind: fault.Invalid, Code: "platform_refused"}) {
		t.Errorf("got %v from a platform that refuses", err)
	}
	plain := connect(t, e, "test")
	if _, err := e.Insight.Account(t.Context(), e.Owner, plain.ID, day, day.AddDate(0, 0, 1)); !errors.Is(err, &fault.Error{Kind: fault.Invalid, Code: "not_offered"}) {
		t.Errorf("got %v from a platform that tells none", err)
	}
}

func TestNumbersOfAPost(t *testing.T) {
	t.Parallel()
	e, c := newCounted(t)
	one, other := connect(t, e, "counted"), connect(t, e, "test")
	v, err := e.Posts.Create(t.Context(), e.Owner, core.PostInput{
		Items: []domain.Item{{Text: "hello"}}, Targets: []domain.Target{{Channel: one.ID}, {Channel: other.ID}}, When: core.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := e.Insight.Post(t.Context(), e.Owner, v.Post.ID); err != nil || len(got) != 0 {
		t.Errorf("got %+v, %v before anything is out", got, err)
	}
	for range 10 {
		if _, _, err := e.Tick(t.Context()); err != nil {
			t.Fatal(err)
		}
		e.Clock.Advance(time.Minute)
	}
	c.post = func(_ social.Target, ref social.Ref) (social.Metrics, error) {
		if ref.ID == "" {
			return nil, errors.New("the item did not arrive")
		}
		return social.Metrics{social.MetricLikes: 4}, nil
	}
	got, err := e.Insight.Post(t.Context(), e.Owner, v.Post.ID)
	if err != nil || len(got) != 2 {
		t.Fatalf("got %+v, %v; want one for each channel", got, err)
	}
	for _, n := range got {
		switch n.Channel {
		case one.ID:
			if n.Metrics[social.MetricLikes] != 4 || n.Problem != nil {
				t.Errorf("got %+v, want the likes", n)
			}
		case other.ID:
			if n.Metrics != nil || !errors.Is(n.Problem, &fault.Error{Kind: fault.Invalid, Code: "not_offered"}) {
				t.Errorf("got %+v from a platform that tells none", n)
			}
		}
	}
	stranger := e.Owner
	stranger.Organization = "another"
	if _, err := e.Insight.Post(t.Context(), stranger, v.Post.ID); fault.KindOf(err) != fault.NotFound {
		t.Errorf("got %v for another organization", err)
	}
}
