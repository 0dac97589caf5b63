package examples_test

import (
	"context"
	"fmt"
	"time"

	"github.com/crierhq/crier/adapters/memblob"
	"github.com/crierhq/crier/adapters/memseal"
	"github.com/crierhq/crier/adapters/memstore"
	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
)

// vault is where the host keeps the tokens of its users.
type vault map[string]string

// Token implements core.TokenSource: Crier asks before every call and stores
// nothing.
func (v vault) Token(_ context.Context, c domain.Channel) (social.Credential, error) {
	token, ok := v[c.Account]
	if !ok {
		return social.Credential{}, social.Errorf(social.CodeAuthRevoked, "Sign in again.")
	}
	return social.Credential{Access: token}, nil
}

// A host that has signed its users in itself brings their tokens: Crier never
// stores them.
func Example_hostTokens() {
	ctx := context.Background()
	blobs, err := memblob.New(time.Now)
	if err != nil {
		panic(err)
	}
	sealer, err := memseal.New()
	if err != nil {
		panic(err)
	}
	wall := &wall{}
	eng, err := core.New(core.Config{
		Store: memstore.New(), Blobs: blobs, Sealer: sealer,
		Providers: []social.Provider{wall}, Tokens: vault{"ann": "token-of-ann"},
	})
	if err != nil {
		panic(err)
	}
	org, err := eng.Accounts.CreateOrganization(ctx, "Acme", "")
	if err != nil {
		panic(err)
	}
	me := domain.System(org.ID)
	ch, err := eng.Channels.Adopt(ctx, me, "wall", social.Connection{Account: "ann", Name: "Ann"})
	if err != nil {
		panic(err)
	}
	if _, err := eng.Posts.Create(ctx, me, core.PostInput{
		Items: []domain.Item{{Text: "Hello"}}, Targets: []domain.Target{{Channel: ch.ID}}, When: core.Now,
	}); err != nil {
		panic(err)
	}
	if _, _, err := eng.Tick(ctx); err != nil {
		panic(err)
	}
	fmt.Println(wall.lines)
	// Output: [ann with token-of-ann: Hello]
}

// wall is the smallest provider there can be: one call publishes.
type wall struct{ lines []string }

func (*wall) Descriptor() social.Descriptor {
	return social.Descriptor{
		ID: "wall", Name: "Wall", DocsURL: "https://wall.example", Markup: social.MarkupPlain,
		Limits: social.Limits{Text: social.TextLimit{Max: 100, Count: social.CountRunes}},
	}
}

func (*wall) Validate(social.Item, social.Traits) []social.Problem { return nil }

func (*wall) ConnectForm() social.Schema { return social.Schema{} }

func (*wall) ConnectWith(context.Context, social.Values) (social.Connection, error) {
	return social.Connection{}, social.Errorf(social.CodeUnsupported, "The host connects accounts here.")
}

func (w *wall) Publish(_ context.Context, t social.Target, it social.Item, _ social.Cursor) (social.Outcome, error) {
	w.lines = append(w.lines, t.Account+" with "+t.Credential.Access+": "+it.Text)
	return social.Published(social.Ref{ID: "1"}), nil
}
