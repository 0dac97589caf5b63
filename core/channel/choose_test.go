package channel_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/testkit/enginetest"
)

// pages is a platform where a sign-in leads to several pages.
type pages struct {
	*enginetest.Platform
	choices func(who social.Connection) ([]social.Connection, error)
	options func(t social.Target, q social.OptionQuery) ([]social.Option, error)
}

type pageSettings struct {
	Board string `json:"board,omitempty" lookup:"true" doc:"Where it is pinned."`
	Size  string `json:"size,omitempty" doc:"How large it is."`
}

func (p *pages) Choices(ctx context.Context, who social.Connection) ([]social.Connection, error) {
	if _, ok := ctx.Deadline(); !ok {
		return nil, errors.New("the call has no deadline")
	}
	return p.choices(who)
}

func (p *pages) Options(_ context.Context, t social.Target, q social.OptionQuery) ([]social.Option, error) {
	return p.options(t, q)
}

func (*pages) Mentions(_ context.Context, t social.Target, search string) ([]social.Mention, error) {
	return []social.Mention{{Text: "@" + search + " of " + t.Account}}, nil
}

// page is a place with a credential of its own.
func page(name string) social.Connection {
	c := enginetest.ConnectionOf(name)
	c.Credential = social.Credential{Access: "page-token-of-" + name}
	return c
}

func newPages(t *testing.T, names ...string) (*enginetest.Engine, *pages) {
	t.Helper()
	p := &pages{Platform: enginetest.NewPlatform("pages")}
	p.Facts.Settings = social.SchemaOf[pageSettings]()
	p.choices = func(who social.Connection) ([]social.Connection, error) {
		if who.Credential.Access != "access-token-of-ann" {
			return nil, errors.New("the sign-in did not arrive")
		}
		var out []social.Connection
		for _, n := range names {
			out = append(out, page(n))
		}
		return out, nil
	}
	return enginetest.New(t, func(c *core.Config) { c.Providers = append(c.Providers, p) }), p
}

// comeBack begins to connect and comes back as Ann.
func comeBack(t *testing.T, e *enginetest.Engine) (core.Finished, error) {
	t.Helper()
	s, err := e.Channels.Begin(t.Context(), e.Owner, "pages", "https://crier.example/callback", nil)
	if err != nil {
		t.Fatal(err)
	}
	return e.Channels.Finish(t.Context(), "pages", s.State, map[string]string{"code": "ann"})
}

func TestOneSignInConnectsSeveralPages(t *testing.T) {
	t.Parallel()
	e, _ := newPages(t, "bakery", "cafe", "shop")
	got, err := comeBack(t, e)
	if err != nil || got.Channel != nil || got.Choice == nil || len(got.Choice.Places) != 3 || !got.Choice.ExpiresAt.Equal(enginetest.Start.Add(30*time.Minute)) {
		t.Fatalf("got %+v, %v; want a choice of three", got, err)
	}
	if p := got.Choice.Places[1]; p.Account != "cafe" || p.Name != "Name of cafe" || p.Channel != "" {
		t.Errorf("got the place %+v", p)
	}
	if dump := enginetest.Dump(e.Store); strings.Contains(dump, "access-token-of-ann") || strings.Contains(dump, got.Choice.State) {
		t.Error("the sign-in or its state can be read in the store")
	}
	out, err := e.Channels.Choose(t.Context(), "pages", got.Choice.State, []string{"shop", "bakery"})
	if err != nil || len(out) != 2 || out[0].Account != "shop" || out[1].Account != "bakery" || out[0].Organization != e.Org.ID {
		t.Fatalf("got %+v, %v; want the two channels", out, err)
	}
	target, err := e.Channels.Credentials().Target(t.Context(), out[0])
	if err != nil || target.Credential.Access != "page-token-of-shop" {
		t.Errorf("the channel has not the credential of its page: %v", err)
	}
	if _, err := e.Channels.Choose(t.Context(), "pages", got.Choice.State, []string{"cafe"}); !hasEnded(err) {
		t.Errorf("got %v; want a choice to be made once", err)
	}
	again, err := comeBack(t, e)
	if err != nil || again.Choice == nil || again.Choice.Places[2].Channel != out[0].ID || again.Choice.Places[1].Channel != "" {
		t.Errorf("got %+v, %v; want what is connected to be known", again, err)
	}
}

func TestOnePageNeedsNoChoice(t *testing.T) {
	t.Parallel()
	e, _ := newPages(t, "bakery")
	got, err := comeBack(t, e)
	if err != nil || got.Choice != nil || got.Channel == nil || got.Channel.Account != "bakery" {
		t.Errorf("got %+v, %v; want the only page", got, err)
	}
}

func TestChoicesThatAreRefused(t *testing.T) {
	t.Parallel()
	e, p := newPages(t, "bakery", "cafe")
	got, err := comeBack(t, e)
	if err != nil {
		t.Fatal(err)
	}
	state := got.Choice.State
	choose := func(provider domain.ProviderID, state string, accounts ...string) error {
		_, err := e.Channels.Choose(t.Context(), provider, state, accounts)
		return err
	}
	if err := choose("pages", state); fault.KindOf(err) != fault.Invalid {
		t.Errorf("got %v for no account at all", err)
	}
	if err := choose("pages", state, "bakery", "bank"); fault.KindOf(err) != fault.Invalid || !strings.Contains(problems(err), "accounts[1]") {
		t.Errorf("got %v for a page of somebody else", err)
	}
	if err := choose("pages", "guessed", "bakery"); !hasEnded(err) {
		t.Errorf("got %v for a guessed state", err)
	}
	if _, err := e.Channels.Finish(t.Context(), "pages", state, map[string]string{"code": "ann"}); !hasEnded(err) {
		t.Errorf("got %v; want the state of a choice to be good for nothing else", err)
	}
	got, err = comeBack(t, e)
	if err != nil {
		t.Fatal(err)
	}
	working := p.choices
	p.choices = func(social.Connection) ([]social.Connection, error) {
		return nil, social.Errorf(social.CodeUnavailable, "Later.")
	}
	if err := choose("pages", got.Choice.State, "bakery"); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("got %v from a platform that is away", err)
	}
	p.choices = working
	if err := choose("pages", got.Choice.State, "bakery"); err != nil {
		t.Errorf("got %v; want a state to survive what was not the person's doing", err)
	}
	p.choices = func(social.Connection) ([]social.Connection, error) { return nil, nil }
	if _, err := comeBack(t, e); fault.KindOf(err) != fault.Invalid {
		t.Errorf("got %v where there is nothing to choose", err)
	}
}

// problems are the fields that err complains of.
func problems(err error) string {
	var out []string
	if e, ok := errors.AsType[*fault.Error](err); ok {
		for _, p := range e.Problems {
			out = append(out, p.Field)
		}
	}
	return strings.Join(out, " ")
}

func TestSettingsAreLookedUp(t *testing.T) {
	t.Parallel()
	e, p := newPages(t, "bakery")
	got, err := comeBack(t, e)
	if err != nil {
		t.Fatal(err)
	}
	p.options = func(tg social.Target, q social.OptionQuery) ([]social.Option, error) {
		if tg.Credential.Access == "page-token-of-bakery" {
			return nil, social.Errorf(social.CodeAuthExpired, "Ended.")
		}
		return []social.Option{{Value: "b1", Label: q.Field + q.Search + string(q.Settings)}}, nil
	}
	out, err := e.Channels.Options(t.Context(), e.Owner, got.Channel.ID, "board", " cakes ", json.RawMessage(`{"size":"xl"}`))
	if want := []social.Option{{Value: "b1", Label: `board cakes {"size":"xl"}`}}; err != nil || !slices.Equal(out, want) {
		t.Errorf("got %+v, %v; want %+v after a renewal", out, err, want)
	}
	if _, err := e.Channels.Options(t.Context(), e.Owner, got.Channel.ID, "size", "", nil); problems(err) != "field" {
		t.Errorf("got %v for a setting that is not looked up", err)
	}
	who, err := e.Channels.Mentions(t.Context(), e.Owner, got.Channel.ID, "ben")
	if err != nil || len(who) != 1 || who[0].Text != "@ben of bakery" {
		t.Errorf("got %+v, %v", who, err)
	}
	stranger := e.Owner
	stranger.Organization = "another"
	if _, err := e.Channels.Options(t.Context(), stranger, got.Channel.ID, "board", "", nil); fault.KindOf(err) != fault.NotFound {
		t.Errorf("got %v for a channel of another organization", err)
	}
	if err := e.Channels.Disconnect(t.Context(), e.Owner, got.Channel.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Channels.Mentions(t.Context(), e.Owner, got.Channel.ID, "ben"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("got %v for a channel that is gone", err)
	}
	plain, err := e.Channels.ConnectForm(t.Context(), e.Owner, "test", form("ann"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Channels.Mentions(t.Context(), e.Owner, plain.ID, "ben"); !errors.Is(err, &fault.Error{Kind: fault.Invalid, Code: "not_offered"}) {
		t.Errorf("got %v from a platform that does not do that", err)
	}
}
