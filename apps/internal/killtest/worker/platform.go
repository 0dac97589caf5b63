package main

import (
	"context"
	"net/http"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// blind is a platform that does not know a repeated request from a second post,
// and where nothing can be looked up.
type blind struct {
	id     domain.ProviderID
	client *http.Client
}

// findable is a blind platform whose posts can be listed.
type findable struct{ blind }

// traitServer is the address of the platform.
const traitServer = "server"

func newBlind() *blind { return &blind{id: "killtest-blind", client: newClient()} }

func newFindable() *findable {
	return &findable{blind{id: "killtest-findable", client: newClient()}}
}

// newClient makes a connection for each request, as the client of the server
// does for changes.
func newClient() *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
}

// Descriptor implements social.Provider. There is no Dedupe.
func (b *blind) Descriptor() social.Descriptor {
	return social.Descriptor{
		ID: b.id, Name: "Kill test", DocsURL: "https://example.org", Markup: social.MarkupPlain,
		Limits: social.Limits{Text: social.TextLimit{Max: 500, Count: social.CountRunes}},
	}
}

// Validate implements social.Provider.
func (*blind) Validate(social.Item, social.Traits) []social.Problem { return nil }

// ConnectForm implements social.FormConnector.
func (*blind) ConnectForm() social.Schema {
	return social.SchemaOf[struct {
		Server  string `json:"server" required:"true"`
		Account string `json:"account" required:"true"`
	}]()
}

// ConnectWith implements social.FormConnector.
func (*blind) ConnectWith(ctx context.Context, v social.Values) (social.Connection, error) {
	if err := ctx.Err(); err != nil {
		return social.Connection{}, err
	}
	return social.Connection{
		Account: v["account"], Name: v["account"], Traits: social.Traits{traitServer: v["server"]},
		Credential: social.Credential{Access: "access-" + v["account"]},
	}, nil
}

// post is a post of the platform.
type post struct {
	ID   string `json:"id"`
	URL  string `json:"url"`
	Text string `json:"text"`
}

// Publish implements social.Provider. The platform gets the key only so that
// the test can tell requests apart.
func (b *blind) Publish(ctx context.Context, t social.Target, it social.Item, _ social.Cursor) (social.Outcome, error) {
	var out post
	_, err := b.do(ctx, t, rest.Request{
		Method: http.MethodPost, Path: "/plain/posts", JSON: post{Text: it.Text}, Out: &out,
		Header: http.Header{"Request-Key": {t.Key}},
	})
	if err != nil {
		return social.Outcome{}, err
	}
	return social.Published(social.Ref{ID: out.ID, URL: out.URL}), nil
}

func (b *blind) do(ctx context.Context, t social.Target, r rest.Request) (rest.Response, error) {
	r.Bearer = t.Credential.Access
	return (&rest.Client{HTTP: b.client, Base: t.Traits[traitServer], Now: time.Now}).Do(ctx, r)
}

// Find implements social.Finder.
func (f *findable) Find(ctx context.Context, t social.Target, it social.Item) (*social.Ref, error) {
	var all []post
	if _, err := f.do(ctx, t, rest.Request{Method: http.MethodGet, Path: "/plain/posts", Out: &all}); err != nil {
		return nil, err
	}
	for _, p := range all {
		if p.Text == it.Text {
			return &social.Ref{ID: p.ID, URL: p.URL}, nil
		}
	}
	return nil, nil
}

var (
	_ social.FormConnector = (*blind)(nil)
	_ social.Finder        = (*findable)(nil)
)
