package storetest_test

import (
	"context"

	"github.com/crierhq/crier/ports/store"
)

// patches say what is wrong with a store: each changes one repository.
type patches struct {
	users      func(store.Users) store.Users
	identities func(store.Identities) store.Identities
	sessions   func(store.Sessions) store.Sessions
	strikes    func(store.Strikes) store.Strikes
	factors    func(store.SecondFactors) store.SecondFactors
	channels   func(store.Channels) store.Channels
	connects   func(store.Connects) store.Connects
	posts      func(store.Posts) store.Posts
	deliveries func(store.Deliveries) store.Deliveries
	attempts   func(store.Attempts) store.Attempts
	media      func(store.Media) store.Media
	outbox     func(store.Outbox) store.Outbox
	documents  func(store.Documents) store.Documents
	secrets    func(store.Secrets) store.Secrets
	settings   func(store.Settings) store.Settings
	jobs       func(store.Jobs) store.Jobs
	budgets    func(store.Budgets) store.Budgets
	replays    func(store.Replays) store.Replays
	tokens     func(store.Tokens) store.Tokens
	apiKeys    func(store.APIKeys) store.APIKeys
	audit      func(store.Audit) store.Audit
	groups     func(store.Groups) store.Groups
	// organizations gets the repositories beside it, too.
	organizations func(store.Repos) store.Organizations
	members       func(store.Members) store.Members
	invitations   func(store.Invitations) store.Invitations
	inTx          func(ctx context.Context, base store.Store, fn txFunc) error
}

type txFunc = func(context.Context, store.Repos) error

// wrong is a good store with something wrong on purpose.
type wrong struct {
	wrongRepos
	base store.Store
}

func (w wrong) InTx(ctx context.Context, fn txFunc) error {
	patched := func(ctx context.Context, r store.Repos) error { return fn(ctx, wrongRepos{r, w.patches}) }
	if w.inTx != nil {
		return w.inTx(ctx, w.base, patched)
	}
	return w.base.InTx(ctx, patched)
}

func (w wrong) Ping(ctx context.Context) error { return w.base.Ping(ctx) }

type wrongRepos struct {
	store.Repos
	patches
}

func patched[T any](f func(T) T, v T) T {
	if f == nil {
		return v
	}
	return f(v)
}

func (r wrongRepos) Users() store.Users       { return patched(r.users, r.Repos.Users()) }
func (r wrongRepos) Channels() store.Channels { return patched(r.channels, r.Repos.Channels()) }
func (r wrongRepos) Connects() store.Connects { return patched(r.connects, r.Repos.Connects()) }
func (r wrongRepos) Posts() store.Posts       { return patched(r.posts, r.Repos.Posts()) }
func (r wrongRepos) Sessions() store.Sessions { return patched(r.sessions, r.Repos.Sessions()) }
func (r wrongRepos) Strikes() store.Strikes   { return patched(r.strikes, r.Repos.Strikes()) }
func (r wrongRepos) SecondFactors() store.SecondFactors {
	return patched(r.factors, r.Repos.SecondFactors())
}

func (r wrongRepos) Members() store.Members { return patched(r.members, r.Repos.Members()) }
func (r wrongRepos) Organizations() store.Organizations {
	if r.organizations == nil {
		return r.Repos.Organizations()
	}
	return r.organizations(r.Repos)
}

func (r wrongRepos) Invitations() store.Invitations {
	return patched(r.invitations, r.Repos.Invitations())
}

func (r wrongRepos) Identities() store.Identities {
	return patched(r.identities, r.Repos.Identities())
}

func (r wrongRepos) Deliveries() store.Deliveries {
	return patched(r.deliveries, r.Repos.Deliveries())
}
func (r wrongRepos) Attempts() store.Attempts   { return patched(r.attempts, r.Repos.Attempts()) }
func (r wrongRepos) Media() store.Media         { return patched(r.media, r.Repos.Media()) }
func (r wrongRepos) Outbox() store.Outbox       { return patched(r.outbox, r.Repos.Outbox()) }
func (r wrongRepos) Documents() store.Documents { return patched(r.documents, r.Repos.Documents()) }
func (r wrongRepos) Secrets() store.Secrets     { return patched(r.secrets, r.Repos.Secrets()) }
func (r wrongRepos) Settings() store.Settings   { return patched(r.settings, r.Repos.Settings()) }
func (r wrongRepos) Jobs() store.Jobs           { return patched(r.jobs, r.Repos.Jobs()) }
func (r wrongRepos) APIKeys() store.APIKeys     { return patched(r.apiKeys, r.Repos.APIKeys()) }
func (r wrongRepos) Audit() store.Audit         { return patched(r.audit, r.Repos.Audit()) }
func (r wrongRepos) Groups() store.Groups       { return patched(r.groups, r.Repos.Groups()) }
func (r wrongRepos) Budgets() store.Budgets     { return patched(r.budgets, r.Repos.Budgets()) }
func (r wrongRepos) Replays() store.Replays     { return patched(r.replays, r.Repos.Replays()) }
func (r wrongRepos) Tokens() store.Tokens       { return patched(r.tokens, r.Repos.Tokens()) }
