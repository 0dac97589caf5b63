package core_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/crierhq/crier/adapters/memblob"
	"github.com/crierhq/crier/adapters/memseal"
	"github.com/crierhq/crier/adapters/memstore"
	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/feed"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// An engine on memory adapters publishes a post on a feed that it hosts itself.
func Example() {
	// README: begin
	ctx := context.Background()
	st, blobs, sealer := memstore.New(), must(memblob.New(time.Now)), must(memseal.New())
	feeds := must(feed.New(feed.Config{}, social.Deps{
		HTTP: &http.Client{Timeout: time.Minute}, Log: slog.New(slog.DiscardHandler), Now: time.Now, NewID: rand.Text,
		Hosting: &social.Hosting{BaseURL: "https://acme.example/feed", Documents: st.Documents(), Files: blobs},
	}))
	eng := must(core.New(core.Config{
		Store: st, Blobs: blobs, Sealer: sealer, Providers: []social.Provider{feeds},
	}))

	org := must(eng.Accounts.CreateOrganization(ctx, "Acme", "Europe/Berlin"))
	me := domain.System(org.ID)
	news := must(eng.Channels.ConnectForm(ctx, me, feed.ID, map[string]string{"title": "Acme news"}))
	post := must(eng.Posts.Create(ctx, me, core.PostInput{
		Items:   []domain.Item{{Text: "We are open."}, {Text: "And there is cake."}},
		Targets: []domain.Target{{Channel: news.ID}},
		When:    core.Now, // or core.At with Time: "2026-12-01T09:00"
	}))

	must2(eng.Tick(ctx)) // a server has a goroutine in eng.Run(ctx) instead
	post = must(eng.Posts.Get(ctx, me, post.Post.ID))
	fmt.Println(post.Summary)
	// README: end
	// Output: published
}

func must2[A, B any](_ A, _ B, err error) {
	if err != nil {
		panic(err)
	}
}
