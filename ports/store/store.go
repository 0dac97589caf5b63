// Package store is the port to durable state. All that must change together is
// reached through one Repos value handed to InTx.
//
// Every method that a person's request can reach takes the organization first
// and never returns, changes or reveals what belongs to another one: that is
// fault.ErrNotFound. Times come back in UTC and are kept to the microsecond.
// Errors are faults: NotFound, Conflict, or Unavailable where the database
// cannot be reached; errors.Is works through any wrapping.
package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/crierhq/crier/core/domain"
)

// Repos groups the repositories. The Repos inside InTx share one transaction;
// each call on the ones of a Store is a transaction of its own.
type Repos interface {
	Organizations() Organizations
	Users() Users
	Members() Members
	Invitations() Invitations
	Sessions() Sessions
	Strikes() Strikes
	SecondFactors() SecondFactors
	Identities() Identities
	Channels() Channels
	Connects() Connects
	Posts() Posts
	Deliveries() Deliveries
	Attempts() Attempts
	Media() Media
	Outbox() Outbox
	Documents() Documents
	Secrets() Secrets
	Settings() Settings
	Jobs() Jobs
	Budgets() Budgets
	Tokens() Tokens
	Replays() Replays
	APIKeys() APIKeys
	Audit() Audit
	Groups() Groups
}

// Store is a Repos that can open transactions. Implementations are safe for
// concurrent use; the Repos inside InTx are not.
type Store interface {
	Repos
	// InTx runs fn in one transaction: all of it is kept if fn returns nil, none
	// of it otherwise, and the error of fn comes back as it is. fn must use only
	// the Repos it is given, must not call out over the network, and may run
	// again after a serialization failure, so it must not change anything
	// outside that a second run would spoil.
	InTx(ctx context.Context, fn func(ctx context.Context, r Repos) error) error
	// Ping reports whether the store can be read and written now.
	Ping(ctx context.Context) error
}

// Organizations stores organizations.
type Organizations interface {
	Insert(ctx context.Context, o domain.Organization) error
	Get(ctx context.Context, id domain.OrganizationID) (domain.Organization, error)
	// Update loads, lets change work on the copy, adds one to its Version and
	// stores it, atomically: two concurrent Updates never lose a change. An
	// error of change leaves everything as it was and comes back as it is. All
	// methods named Update work like this.
	Update(ctx context.Context, id domain.OrganizationID, change func(*domain.Organization) error) (domain.Organization, error)
	// Delete removes the organization and everything that belongs to it, sign-ins
	// to it and its jobs included; people stay. A missing one is fault.ErrNotFound.
	Delete(ctx context.Context, id domain.OrganizationID) error
}

// Users stores people. They belong to the installation, not to a tenant.
type Users interface {
	// Insert returns fault.ErrConflict if the e-mail address is taken.
	Insert(ctx context.Context, u domain.User) error
	Get(ctx context.Context, id domain.UserID) (domain.User, error)
	// GetMany returns those of ids that exist, in any order.
	GetMany(ctx context.Context, ids []domain.UserID) ([]domain.User, error)
	ByEmail(ctx context.Context, email string) (domain.User, error)
	Update(ctx context.Context, id domain.UserID, change func(*domain.User) error) (domain.User, error)
	Count(ctx context.Context) (int, error)
	// First returns the person who registered first, by time and then by id, or
	// fault.ErrNotFound if nobody has.
	First(ctx context.Context) (domain.User, error)
	// Delete removes a person with what is theirs alone: identities, sign-ins,
	// second factor, memberships, connect flows under way, and the tokens that they
	// are the subject of. What they made in organizations stays. A missing one is
	// fault.ErrNotFound.
	Delete(ctx context.Context, id domain.UserID) error
}

// Members stores who belongs to which organization.
type Members interface {
	// Insert returns fault.ErrConflict if the person is a member already.
	Insert(ctx context.Context, m domain.Member) error
	Get(ctx context.Context, org domain.OrganizationID, user domain.UserID) (domain.Member, error)
	// OfUser lists the memberships of a person, oldest first.
	OfUser(ctx context.Context, user domain.UserID) ([]domain.Member, error)
	// List returns the members of an organization, oldest first and then by
	// User, which is the ID of a Position.
	List(ctx context.Context, org domain.OrganizationID, p Page) ([]domain.Member, error)
	// Count returns how many members of an organization have a role.
	Count(ctx context.Context, org domain.OrganizationID, role domain.Role) (int, error)
	Update(ctx context.Context, org domain.OrganizationID, user domain.UserID, change func(*domain.Member) error) (domain.Member, error)
	// Delete ends a membership. A missing one is fault.ErrNotFound.
	Delete(ctx context.Context, org domain.OrganizationID, user domain.UserID) error
}

// Invitations stores the invitations that wait.
type Invitations interface {
	Insert(ctx context.Context, org domain.OrganizationID, v domain.Invitation) error
	Get(ctx context.Context, org domain.OrganizationID, id domain.InvitationID) (domain.Invitation, error)
	// List returns the newest first.
	List(ctx context.Context, org domain.OrganizationID, p Page) ([]domain.Invitation, error)
	// Delete removes one. A missing one is fault.ErrNotFound.
	Delete(ctx context.Context, org domain.OrganizationID, id domain.InvitationID) error
}

// Channels stores connected accounts.
type Channels interface {
	// Insert returns fault.ErrConflict if the organization has a channel with
	// the same provider and account.
	Insert(ctx context.Context, org domain.OrganizationID, c domain.Channel) error
	Get(ctx context.Context, org domain.OrganizationID, id domain.ChannelID) (domain.Channel, error)
	// ByAccount finds the channel of an account, disconnected ones included.
	ByAccount(ctx context.Context, org domain.OrganizationID, provider domain.ProviderID, account string) (domain.Channel, error)
	// List returns the channels that match and are not disconnected, ordered by
	// creation and then by id.
	List(ctx context.Context, org domain.OrganizationID, f ChannelFilter) ([]domain.Channel, error)
	// GetMany returns those of ids that exist in org, in any order.
	GetMany(ctx context.Context, org domain.OrganizationID, ids []domain.ChannelID) ([]domain.Channel, error)
	Update(ctx context.Context, org domain.OrganizationID, id domain.ChannelID, change func(*domain.Channel) error) (domain.Channel, error)
	Renewals
}

// ChannelFilter narrows a list of channels. Zero fields do not narrow.
type ChannelFilter struct {
	Page
	Group domain.GroupID
	// Among keeps these channels.
	Among []domain.ChannelID
}

// Renewals hands the channels whose credential must be seen to to workers. It
// crosses tenants on purpose: only workers call it.
type Renewals interface {
	// ClaimRenewals picks up to c.Limit channels of c.Providers whose
	// domain.Channel.CareAt is set and not after c.Now, in the order of CareAt
	// and id, calls domain.Channel.ClaimRenewal on each and returns them. Two
	// callers never get the same one.
	ClaimRenewals(ctx context.Context, c RenewalClaim) ([]domain.Channel, error)
	// NextRenewal returns the earliest CareAt of a channel of these providers,
	// or the zero time if there is none. No providers: all.
	NextRenewal(ctx context.Context, providers ...domain.ProviderID) (time.Time, error)
}

// RenewalClaim says which channels a worker wants.
type RenewalClaim struct {
	// Owner names the worker.
	Owner string
	// Now is the worker's time, and Until the end of the lease.
	Now, Until time.Time
	// Limit bounds the number; it must be positive.
	Limit int
	// Providers narrows the claim; empty: all.
	Providers []domain.ProviderID
}

// Connect is a connect flow that is under way.
type Connect struct {
	// StateHash is the SHA-256 of the state parameter, in hex.
	StateHash    string
	Organization domain.OrganizationID
	User         domain.UserID
	Provider     domain.ProviderID
	// Sealed holds what the provider and the use case need to finish.
	Sealed    string
	ExpiresAt time.Time
}

// Connects stores connect flows until the person is back.
type Connects interface {
	Insert(ctx context.Context, c Connect) error
	// Take returns and removes the flow, so that it can be finished once. One
	// that ended before now is fault.ErrNotFound.
	Take(ctx context.Context, stateHash string, now time.Time) (Connect, error)
	// Purge removes the flows that ended before now.
	Purge(ctx context.Context, now time.Time) error
}

// Media stores what is known of uploaded files; their bytes are in a blob store.
type Media interface {
	Insert(ctx context.Context, org domain.OrganizationID, m domain.Media) error
	Get(ctx context.Context, org domain.OrganizationID, id domain.MediaID) (domain.Media, error)
	// GetMany returns those of ids that exist in org, in any order.
	GetMany(ctx context.Context, org domain.OrganizationID, ids []domain.MediaID) ([]domain.Media, error)
	// List returns the newest first.
	List(ctx context.Context, org domain.OrganizationID, p Page) ([]domain.Media, error)
	Delete(ctx context.Context, org domain.OrganizationID, id domain.MediaID) error
}

// Page asks for a part of a list. Lists are stable while rows are inserted.
type Page struct {
	// Limit is how many rows to return at most; it must be positive.
	Limit int
	// After is the row to go on behind: its time and id, as the list orders
	// them. The zero After starts at the beginning.
	After Position
}

// Position is a place in a list.
type Position struct {
	At time.Time
	ID string
}

// IsZero reports whether p is the start of the list.
func (p Position) IsZero() bool { return p.At.IsZero() && p.ID == "" }

// Documents keeps JSON documents in order, for channels that Crier hosts
// itself. A space is named by its provider and cannot be guessed; its content
// is public, so there is no tenant.
type Documents interface {
	// Put stores d unless its space has the key already; it returns the one
	// that is stored then. It may be repeated.
	Put(ctx context.Context, d domain.Document) (domain.Document, error)
	// Replace stores d over the one with its key, or returns fault.ErrNotFound.
	Replace(ctx context.Context, d domain.Document) error
	Get(ctx context.Context, space, key string) (domain.Document, error)
	// List returns the newest documents of space first, at most limit; equal
	// times are ordered by key, the greater first.
	List(ctx context.Context, space string, limit int) ([]domain.Document, error)
	// Delete removes one document. A missing one is no error.
	Delete(ctx context.Context, space, key string) error
}

// Secrets keeps sealed secrets of the installation by name.
type Secrets interface {
	// Get returns the sealed text, or fault.ErrNotFound.
	Get(ctx context.Context, name string) (string, error)
	// Set replaces what is kept under name.
	Set(ctx context.Context, name, sealed string) error
}

// Settings keeps what holds for the whole installation, by name. Nothing of it
// is secret.
type Settings interface {
	// Get returns what is kept under name, or fault.ErrNotFound.
	Get(ctx context.Context, name string) (json.RawMessage, error)
	// Set replaces what is kept under name.
	Set(ctx context.Context, name string, value json.RawMessage) error
}
