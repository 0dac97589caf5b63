package wire

import (
	"context"
	"sync"
	"time"

	"github.com/crierhq/crier/adapters/githubidentity"
	"github.com/crierhq/crier/adapters/oidcidentity"
)

// greetTimeout bounds the first question to a service to sign in with.
const greetTimeout = 30 * time.Second

// buildIdentities makes the services to sign in with whose settings are there.
// None of them is asked anything yet.
func (a *App) buildIdentities() error {
	s, log := a.cfg.SignIn, a.env.Log.With("component", "sign-in")
	if s.GitHubID != "" {
		p, err := githubidentity.New(githubidentity.Config{ClientID: s.GitHubID, ClientSecret: string(s.GitHubSecret), HTTP: a.client, Log: log})
		if err != nil {
			return err
		}
		a.identities = append(a.identities, p)
	}
	for _, cfg := range []oidcidentity.Config{
		{ID: "google", Name: "Google", Issuer: oidcidentity.GoogleIssuer, ClientID: s.GoogleID, ClientSecret: string(s.GoogleSecret)},
		{ID: "oidc", Name: s.OIDCName, Issuer: s.OIDCIssuer, ClientID: s.OIDCID, ClientSecret: string(s.OIDCSecret)},
	} {
		if cfg.ClientID == "" {
			continue
		}
		cfg.HTTP, cfg.Log, cfg.Now = a.client, log, time.Now
		p, err := oidcidentity.New(cfg)
		if err != nil {
			return err
		}
		a.identities = append(a.identities, p)
	}
	return nil
}

// greetIdentities asks the services that have to be asked who they are, so that
// an operator sees early which one cannot be used. Such a one is asked again
// whenever somebody wants to sign in.
func (a *App) greetIdentities(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, greetTimeout)
	defer cancel()
	var all sync.WaitGroup
	for _, p := range a.identities {
		d, ok := p.(interface {
			Discover(ctx context.Context) error
		})
		if !ok {
			continue
		}
		all.Go(func() {
			if err := d.Discover(ctx); err != nil && ctx.Err() == nil {
				a.env.Log.WarnContext(ctx, "nobody can sign in with this service now; it is asked again when somebody tries",
					"service", p.Descriptor().ID, "error", err)
			}
		})
	}
	all.Wait()
}
