package core_test

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/testkit/enginetest"
)

// sent notes which token each account was published with, and how often.
type sent struct {
	mu   sync.Mutex
	with map[string]string
	n    map[string]int
}

func (s *sent) note(t social.Target) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.with == nil {
		s.with, s.n = map[string]string{}, map[string]int{}
	}
	s.with[t.Account] = t.Credential.Access
	s.n[t.Account]++
}

// drain publishes until nothing is left to be done.
func drain(t *testing.T, e *enginetest.Engine) {
	t.Helper()
	for range 1000 {
		_, next, err := e.Tick(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if next.IsZero() {
			return
		}
		e.Clock.Advance(max(0, next.Sub(e.Clock.Now())))
	}
	t.Fatal("there is no end to what is due")
}

func everywhere(text string, channels ...domain.Channel) core.PostInput {
	in := core.PostInput{Items: []domain.Item{{Text: text}}, When: core.Now}
	for _, c := range channels {
		in.Targets = append(in.Targets, domain.Target{Channel: c.ID})
	}
	return in
}

// TestRegression23OneChannelFailsAlone publishes on three channels of which one
// refuses, and tries again.
func TestRegression23OneChannelFailsAlone(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	var s sent
	refuse := true
	e.Platform.OnPublish = func(_ context.Context, to social.Target, _ social.Item, _ social.Cursor) (social.Outcome, error) {
		s.note(to)
		if to.Account == "b" && refuse {
			return social.Outcome{}, social.Errorf(social.CodeRejected, "No.")
		}
		return social.Published(social.Ref{ID: fmt.Sprintf("%s-%d", to.Account, s.n[to.Account])}), nil
	}
	v, err := e.Posts.Create(t.Context(), e.Owner, everywhere("x", e.Connect(e.Owner, "a"), e.Connect(e.Owner, "b"), e.Connect(e.Owner, "c")))
	if err != nil {
		t.Fatal(err)
	}
	drain(t, e)
	before, err := e.Posts.Get(t.Context(), e.Owner, v.Post.ID)
	if err != nil || before.Summary != domain.SummaryAttention {
		t.Fatalf("got %s, %v; want that it needs attention", before.Summary, err)
	}
	refuse = false
	if _, err := e.Posts.TryAgain(t.Context(), e.Owner, v.Post.ID); err != nil {
		t.Fatal(err)
	}
	drain(t, e)
	after, err := e.Posts.Get(t.Context(), e.Owner, v.Post.ID)
	if err != nil || after.Summary != domain.SummaryPublished {
		t.Fatalf("got %s, %v; want it published everywhere", after.Summary, err)
	}
	if want := map[string]int{"a": 1, "b": 2, "c": 1}; !maps.Equal(s.n, want) {
		t.Errorf("got calls %v, want %v", s.n, want)
	}
	for i, d := range before.Deliveries {
		if d.State == domain.DeliveryPublished && d.Parts[0].Ref.ID != after.Deliveries[i].Parts[0].Ref.ID {
			t.Errorf("got %+v, want what was out left as it was: %+v", after.Deliveries[i], d)
		}
	}
}

type hostTokens struct{}

func (hostTokens) Token(_ context.Context, c domain.Channel) (social.Credential, error) {
	return social.Credential{Access: "token-of-the-host-for-" + c.Account}, nil
}

// TestRegression25AccountsAndAppsSideBySide publishes one post on two accounts of
// a platform, on one whose tokens the host keeps, and through a second app.
func TestRegression25AccountsAndAppsSideBySide(t *testing.T) {
	t.Parallel()
	second := enginetest.NewPlatform("test.second-app")
	e := enginetest.New(t, func(c *core.Config) {
		c.Tokens = hostTokens{}
		c.Providers = append(c.Providers, second)
	})
	var first, other sent
	publish := func(s *sent) func(context.Context, social.Target, social.Item, social.Cursor) (social.Outcome, error) {
		return func(_ context.Context, to social.Target, _ social.Item, _ social.Cursor) (social.Outcome, error) {
			s.note(to)
			return social.Published(social.Ref{ID: to.Key}), nil
		}
	}
	e.Platform.OnPublish, second.OnPublish = publish(&first), publish(&other)
	hosted, err := e.Channels.Adopt(t.Context(), e.Owner, "test", social.Connection{Account: "hosted", Name: "Hosted"})
	if err != nil {
		t.Fatal(err)
	}
	ann, err := e.Channels.ConnectForm(t.Context(), e.Owner, "test.second-app", map[string]string{"account": "ann", "password": "x"})
	if err != nil {
		t.Fatal(err)
	}
	v, err := e.Posts.Create(t.Context(), e.Owner, everywhere("x", e.Connect(e.Owner, "ann"), e.Connect(e.Owner, "bob"), hosted, ann))
	if err != nil {
		t.Fatal(err)
	}
	drain(t, e)
	if v, err = e.Posts.Get(t.Context(), e.Owner, v.Post.ID); err != nil || v.Summary != domain.SummaryPublished {
		t.Errorf("got %s, %v; want it published everywhere", v.Summary, err)
	}
	want := map[string]string{"ann": "access-token-of-ann", "bob": "access-token-of-bob", "hosted": "token-of-the-host-for-hosted"}
	if !maps.Equal(first.with, want) {
		t.Errorf("got %v, want %v", first.with, want)
	}
	if want := map[string]string{"ann": "access-token-of-ann"}; !maps.Equal(other.with, want) {
		t.Errorf("the second app got %v, want %v", other.with, want)
	}
	for account, n := range first.n {
		if n != 1 {
			t.Errorf("got %d calls for %s, want 1", n, account)
		}
	}
}

// TestRegression22PrivateInstanceRefusesPlatformsThatPull schedules a picture
// for a platform that would fetch it from us, with and without an address that
// it could fetch it from.
func TestRegression22PrivateInstanceRefusesPlatformsThatPull(t *testing.T) {
	t.Parallel()
	for name, public := range map[string]bool{"private": false, "public": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := enginetest.New(t, func(c *core.Config) {
				if public {
					c.MediaURL = func(_ context.Context, m domain.Media) (string, error) {
						return "https://crier.example/" + string(m.ID), nil
					}
				}
			})
			e.Platform.Facts.Limits.Media.Pulls = []domain.MediaKind{domain.MediaImage}
			ch := e.Connect(e.Owner, "a")
			m, err := e.Media.Upload(t.Context(), e.Owner, "x.png", "", "", strings.NewReader("\x89PNG\r\n\x1a\n"))
			if err != nil {
				t.Fatal(err)
			}
			in := everywhere("x", ch)
			in.When, in.Time = core.At, e.Clock.Now().Add(time.Hour).Format(time.RFC3339)
			if _, err := e.Posts.Create(t.Context(), e.Owner, in); err != nil {
				t.Errorf("a text: got %v, want it taken", err)
			}
			in.Items[0].Media = []domain.Attachment{{Media: m.ID}}
			_, err = e.Posts.Create(t.Context(), e.Owner, in)
			if public {
				if err != nil {
					t.Errorf("got %v, want it taken", err)
				}
				return
			}
			if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "public address") {
				t.Errorf("got %v, want it refused, with the reason", err)
			}
			e.Platform.Facts.Limits.Media.Pulls = []domain.MediaKind{domain.MediaVideo}
			if _, err := e.Posts.Create(t.Context(), e.Owner, in); err != nil {
				t.Errorf("a kind that is handed over: got %v, want it taken", err)
			}
		})
	}
}
