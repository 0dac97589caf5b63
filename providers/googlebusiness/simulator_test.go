package googlebusiness_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/googlebusiness"
	"github.com/crierhq/crier/testkit/simulator"
	"github.com/crierhq/crier/testkit/simulator/gbusiness"
)

// profile is a location of Ann's on a Google of its own, whose clock can be set.
type profile struct {
	*googlebusiness.Provider
	sim *simulator.Sim
	to  social.Target
	now time.Time
}

func newProfile(t *testing.T) *profile {
	t.Helper()
	pr := &profile{now: time.Date(2026, 7, 2, 12, 0, 0, 0, time.UTC)}
	now := func() time.Time { return pr.now }
	var err error
	if pr.sim, err = simulator.New(simulator.Config{StandIns: []simulator.StandIn{gbusiness.New()}, Now: now}); err != nil {
		t.Fatal(err)
	}
	set := gbusiness.New().Settings(func(host string) string { return "https://" + host })
	pr.Provider, err = googlebusiness.New(googlebusiness.Config{
		ClientID: set["GOOGLE_BUSINESS_CLIENT_ID"], ClientSecret: set["GOOGLE_BUSINESS_CLIENT_SECRET"],
		AuthURL: set["GOOGLE_BUSINESS_AUTH_URL"], TokenURL: set["GOOGLE_BUSINESS_TOKEN_URL"],
	}, social.Deps{HTTP: &http.Client{Transport: pr.sim.Transport()}, Now: now, NewID: func() string { return "an-id" }})
	if err != nil {
		t.Fatal(err)
	}
	to, err := pr.BeginConnect(t.Context(), social.ConnectRequest{Callback: "https://crier.example/cb", State: "state"})
	if err != nil {
		t.Fatal(err)
	}
	back, err := pr.sim.Approve(t.Context(), to.URL, "ann")
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(back)
	if err != nil {
		t.Fatal(err)
	}
	person, err := pr.FinishConnect(t.Context(), social.Callback{
		Callback: "https://crier.example/cb", Keep: to.Keep, Query: map[string]string{"code": u.Query().Get("code")},
	})
	if err != nil {
		t.Fatal(err)
	}
	places, err := pr.Choices(t.Context(), person)
	if err != nil {
		t.Fatal(err)
	}
	if len(places) != 2 || places[0].Name != "Ann's boats" || places[1].Name != "Ann's café" || places[0].Avatar == "" {
		t.Fatalf("got %+v, want the two locations that take posts, with a picture", places)
	}
	pr.to = social.Target{Account: places[0].Account, Credential: places[0].Credential, Key: "key", FirstTry: pr.now}
	return pr
}

// publish sends a post, and returns what comes of it once Google has read it.
func (pr *profile) publish(t *testing.T, it social.Item) (social.Outcome, error) {
	t.Helper()
	out, err := pr.Publish(t.Context(), pr.to, it, social.Cursor{Next: social.StepPublish})
	if err != nil {
		return out, err
	}
	if out.Cursor == nil || out.Cursor.Next != social.StepCheck {
		t.Fatalf("got %+v, want one that Google reads first", out)
	}
	again, err := pr.Check(t.Context(), pr.to, *out.Cursor)
	if err != nil || again.Ref != nil {
		t.Fatalf("got %+v, %v at once, want it still to be read", again, err)
	}
	pr.now = pr.now.Add(out.Cursor.After)
	return pr.Check(t.Context(), pr.to, *out.Cursor)
}

func TestEveryKindOfPostIsTaken(t *testing.T) {
	t.Parallel()
	const when = `"eventTitle":"Regatta","eventStart":"2026-08-01T09:00","eventEnd":"2026-08-01T18:00"`
	for name, settings := range map[string]string{
		"an update":              `{}`,
		"a button":               `{"callToAction":"learn_more","callToActionUrl":"https://example.com"}`,
		"a button that calls":    `{"callToAction":"call","languageCode":"en-GB"}`,
		"an event":               `{"topicType":"event",` + when + `}`,
		"an event with a button": `{"topicType":"event","callToAction":"book","callToActionUrl":"https://example.com",` + when + `}`,
		"an offer":               `{"topicType":"offer",` + when + `}`,
		"a whole offer":          `{"topicType":"offer","couponCode":"BOAT","redeemUrl":"https://example.com","terms":"Once.",` + when + `}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pr := newProfile(t)
			it := social.Item{Text: "Hello", Settings: []byte(settings)}
			if problems := pr.Validate(it, nil); len(problems) > 0 {
				t.Fatalf("got %v, want no problems", problems)
			}
			out, err := pr.publish(t, it)
			if err != nil || out.Ref == nil {
				t.Fatalf("got %+v, %v; want it published", out, err)
			}
			it.Text = "Changed"
			ref, err := pr.Edit(t.Context(), pr.to, *out.Ref, it)
			if err != nil || ref.ID != out.Ref.ID {
				t.Fatalf("got %+v, %v; want it changed", ref, err)
			}
			got := pr.sim.Timeline("google-business", "")
			if len(got) != 1 || got[0].ID != ref.ID || got[0].Text != "Changed" {
				t.Errorf("got %+v out there, want one that was changed", got)
			}
		})
	}
}

func TestPhoneNumberIsRejectedAfterGoogleTookThePost(t *testing.T) {
	t.Parallel()
	pr := newProfile(t)
	it := social.Item{Text: "Call +44 117 496 0000 now"}
	_, err := pr.publish(t, it)
	if e := social.AsError(err); e == nil || e.Code != social.CodeRejected || !strings.Contains(e.Message, "phone number") {
		t.Fatalf("got %v, want it rejected", err)
	}
	if ref, err := pr.Find(t.Context(), pr.to, it); ref != nil || err != nil {
		t.Errorf("got %v, %v; want it not to be found", ref, err)
	}
}

func TestLostPostIsFoundOnceGoogleHasReadIt(t *testing.T) {
	t.Parallel()
	pr := newProfile(t)
	it := social.Item{Text: "Said once."}
	if err := pr.sim.Trouble(simulator.Trouble{Do: simulator.DropAfter, Publishing: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := pr.Publish(t.Context(), pr.to, it, social.Cursor{}); social.CodeOf(err) != social.CodeOutcomeUnknown {
		t.Fatalf("got %v, want the outcome to be unknown", err)
	}
	if ref, err := pr.Find(t.Context(), pr.to, it); ref != nil || social.CodeOf(err) != social.CodeUnavailable {
		t.Errorf("got %v, %v while it is read; want to be told to look again", ref, err)
	}
	pr.now = pr.now.Add(time.Minute)
	out := pr.sim.Timeline("google-business", "")
	ref, err := pr.Find(t.Context(), pr.to, it)
	if err != nil || ref == nil || len(out) != 1 || ref.ID != out[0].ID || ref.URL != out[0].URL {
		t.Errorf("got %v, %v; want the one of %+v", ref, err, out)
	}
}

func TestChainRefusesPosts(t *testing.T) {
	t.Parallel()
	pr := newProfile(t)
	pr.to.Account = "accounts/101/locations/2010"
	_, err := pr.Publish(t.Context(), pr.to, social.Item{Text: "Hello"}, social.Cursor{})
	if e := social.AsError(err); e == nil || e.Code != social.CodeRejected || !strings.Contains(e.Message, "chain") {
		t.Errorf("got %v, want it rejected", err)
	}
}
