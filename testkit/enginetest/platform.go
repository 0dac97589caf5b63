package enginetest

import (
	"context"
	"fmt"
	"sync"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
)

// Platform is a provider that does what a test says. Every function field
// replaces what it does by itself: say yes. Set the fields before the engine is
// used. It is safe for concurrent use.
type Platform struct {
	Facts social.Descriptor

	OnValidate func(it social.Item, tr social.Traits) []social.Problem
	OnPublish  func(ctx context.Context, t social.Target, it social.Item, at social.Cursor) (social.Outcome, error)
	OnConnect  func(ctx context.Context, values social.Values) (social.Connection, error)
	OnBegin    func(ctx context.Context, in social.ConnectRequest) (social.Redirect, error)
	OnFinish   func(ctx context.Context, in social.Callback) (social.Connection, error)
	OnRefresh  func(ctx context.Context, t social.Target) (social.Credential, error)
	OnRevoke   func(ctx context.Context, t social.Target) error
	OnLimits   func(tr social.Traits) social.Limits

	mu    sync.Mutex
	calls map[string]int
}

// Login is the form that connects an account of a Platform.
type Login struct {
	Account  string `json:"account" required:"true" maxLength:"50" doc:"Who you are."`
	Password string `json:"password" required:"true" secret:"true" doc:"What only you know."`
	Server   string `json:"server,omitempty" default:"main" doc:"Where you are."`
}

// NewPlatform returns a Platform with generous limits that takes PNG and JPEG
// images, MP4 videos and threads of up to ten items.
func NewPlatform(id domain.ProviderID) *Platform {
	return &Platform{
		calls: map[string]int{},
		Facts: social.Descriptor{
			ID: id, Name: "Test", Markup: social.MarkupPlain,
			Limits: social.Limits{
				Text: social.TextLimit{Max: 300, Count: social.CountRunes},
				Media: social.MediaLimit{
					Images: 4, Videos: 1, Alt: 100,
					Types: []social.MediaType{{MIME: "image/png", MaxBytes: 1 << 20}, {MIME: "image/jpeg"}, {MIME: "video/mp4"}},
				},
				Replies: 9,
			},
		},
	}
}

var _ interface {
	social.Provider
	social.FormConnector
	social.RedirectConnector
	social.Refresher
	social.Revoker
	social.Limiter
} = (*Platform)(nil)

func (p *Platform) count(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls[name]++
}

// Calls is how often the method with this name was called.
func (p *Platform) Calls(name string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls[name]
}

// Descriptor implements social.Provider.
func (p *Platform) Descriptor() social.Descriptor { return p.Facts }

// Validate implements social.Provider.
func (p *Platform) Validate(it social.Item, tr social.Traits) []social.Problem {
	if p.OnValidate != nil {
		return p.OnValidate(it, tr)
	}
	return nil
}

// Publish implements social.Provider.
func (p *Platform) Publish(ctx context.Context, t social.Target, it social.Item, at social.Cursor) (social.Outcome, error) {
	p.count("Publish")
	if p.OnPublish != nil {
		return p.OnPublish(ctx, t, it, at)
	}
	return social.Published(social.Ref{ID: "ref-" + t.Key, URL: "https://test.example/" + t.Key}), nil
}

// ConnectForm implements social.FormConnector.
func (p *Platform) ConnectForm() social.Schema { return social.SchemaOf[Login]() }

// ConnectWith implements social.FormConnector.
func (p *Platform) ConnectWith(ctx context.Context, values social.Values) (social.Connection, error) {
	p.count("ConnectWith")
	if p.OnConnect != nil {
		return p.OnConnect(ctx, values)
	}
	return ConnectionOf(values["account"]), nil
}

// ConnectionOf is the connection of an account, with a credential that never
// ends.
func ConnectionOf(account string) social.Connection {
	return social.Connection{
		Account: account, Name: "Name of " + account, Handle: "@" + account, URL: "https://test.example/" + account,
		Avatar:     "https://test.example/" + account + ".png",
		Traits:     social.Traits{"tier": "basic"},
		Credential: social.Credential{Access: "access-token-of-" + account, Refresh: "refresh-token-of-" + account},
	}
}

// RedirectForm implements social.RedirectConnector.
func (p *Platform) RedirectForm() social.Schema { return social.Schema{} }

// BeginConnect implements social.RedirectConnector.
func (p *Platform) BeginConnect(ctx context.Context, in social.ConnectRequest) (social.Redirect, error) {
	p.count("BeginConnect")
	if p.OnBegin != nil {
		return p.OnBegin(ctx, in)
	}
	return social.Redirect{URL: "https://test.example/authorize?state=" + in.State, Keep: map[string]string{"verifier": "kept-secret"}}, nil
}

// FinishConnect implements social.RedirectConnector.
func (p *Platform) FinishConnect(ctx context.Context, in social.Callback) (social.Connection, error) {
	p.count("FinishConnect")
	if p.OnFinish != nil {
		return p.OnFinish(ctx, in)
	}
	return ConnectionOf(in.Query["code"]), nil
}

// Refresh implements social.Refresher.
func (p *Platform) Refresh(ctx context.Context, t social.Target) (social.Credential, error) {
	p.count("Refresh")
	if p.OnRefresh != nil {
		return p.OnRefresh(ctx, t)
	}
	c := t.Credential
	c.Access = fmt.Sprintf("renewed-%d", p.Calls("Refresh"))
	return c, nil
}

// Revoke implements social.Revoker.
func (p *Platform) Revoke(ctx context.Context, t social.Target) error {
	p.count("Revoke")
	if p.OnRevoke != nil {
		return p.OnRevoke(ctx, t)
	}
	return nil
}

// LimitsFor implements social.Limiter.
func (p *Platform) LimitsFor(tr social.Traits) social.Limits {
	if p.OnLimits != nil {
		return p.OnLimits(tr)
	}
	return p.Facts.Limits
}
