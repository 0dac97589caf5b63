package httpapi_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/ports/social"
)

// pagesPlatform is connected through its own page, and a sign-in leads to two
// places.
type pagesPlatform struct{ redirectPlatform }

func (pagesPlatform) Descriptor() social.Descriptor {
	d := redirectPlatform{}.Descriptor()
	d.ID, d.Name = "pages", "Pages"
	return d
}

func (pagesPlatform) Choices(context.Context, social.Connection) ([]social.Connection, error) {
	return []social.Connection{{Account: "1", Name: "Bakery"}, {Account: `2"><script>`, Name: `<b>Café</b>`}}, nil
}

func withPages(c *core.Config) { c.Providers = append(c.Providers, pagesPlatform{}) }

// comeBack begins to connect and returns where the platform sends the person back.
func (w *world) comeBack(token string) string {
	w.t.Helper()
	state := w.ok(200, token, "POST", "/integrations/connect", map[string]any{"provider": "pages"}).text("state")
	return "/integrations/callback/pages?code=good&state=" + state
}

func TestChoosingAmongPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withPages)
	ann := w.register("ann@example.org")
	a := w.call("", "GET", w.comeBack(ann), nil, "Accept", "application/json")
	var back struct {
		State   string
		Choices []struct{ Account, Name, Integration string }
	}
	if err := json.Unmarshal(a.body, &back); err != nil || a.status != 200 || len(back.Choices) != 2 || back.State == "" {
		t.Fatalf("got %d %s, want two choices", a.status, a.body)
	}
	none := w.call("", "POST", "/integrations/connect/choose", map[string]any{"provider": "pages", "state": back.State, "accounts": []string{"3"}})
	if none.status != 400 || !strings.Contains(string(none.body), "accounts[0]") {
		t.Errorf("got %d %s for a place that was not offered", none.status, none.body)
	}
	chosen := w.ok(200, "", "POST", "/integrations/connect/choose", map[string]any{"provider": "pages", "state": back.State, "accounts": []string{"1"}})
	if !strings.Contains(string(chosen.body), "Bakery") {
		t.Errorf("got %s", chosen.body)
	}
	again := w.call("", "POST", "/integrations/connect/choose", map[string]any{"provider": "pages", "state": back.State, "accounts": []string{"1"}})
	if again.status != 400 || !strings.Contains(string(again.body), "connect_ended") {
		t.Errorf("got %d %s for a state that was used", again.status, again.body)
	}
	if list := w.ok(200, ann, "GET", "/integrations", nil); !strings.Contains(string(list.body), `"account":"1"`) {
		t.Errorf("got %s, want the bakery", list.body)
	}
}

func TestThePageToChooseOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, withPages)
	a := w.call("", "GET", w.comeBack(w.register("ann@example.org")), nil, "Accept", "text/html")
	page := string(a.body)
	if a.status != 200 || !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") || !strings.Contains(page, "Bakery") {
		t.Fatalf("got %d %s", a.status, page)
	}
	if strings.Contains(page, "<b>") || strings.Contains(page, `"><script>`) {
		t.Error("what a platform calls a place is not escaped")
	}
	if policy := a.header.Get("Content-Security-Policy"); !strings.Contains(policy, "script-src 'sha256-") || !strings.Contains(policy, "default-src 'none'") {
		t.Errorf("got the policy %q", policy)
	}
	if got := a.header.Get("Cache-Control"); !strings.Contains(got, "no-store") {
		t.Errorf("got Cache-Control %q for a page that holds a proof", got)
	}
}
