package domain

import (
	"slices"
	"time"
)

// Scope is how much an API key may do.
type Scope string

// The scopes, from least to most.
const (
	ScopeRead  Scope = "read"  // see what the organization has
	ScopeWrite Scope = "write" // create and manage posts and files, too
	ScopeAdmin Scope = "admin" // manage channels, approvals and settings, too
)

// APIKey lets a program act for the person who made it, in one organization.
type APIKey struct {
	ID           APIKeyID
	Organization OrganizationID
	Name         string
	// Hash is the SHA-256 of the secret, in hex. The secret itself is shown once
	// and kept nowhere.
	Hash string
	// Hint is the beginning of the secret, by which people recognize it.
	Hint  string
	Scope Scope
	// Channels narrows what the key sees and does to these channels. Empty: all.
	Channels []ChannelID
	// Maker is the person who made or last rotated it. It can do what they may
	// still do, and nothing once they have left. Empty where a program made it,
	// such as one that embeds Crier: then its scope alone counts.
	Maker     UserID
	CreatedAt time.Time
	// RotatedAt is when its secret was last replaced; zero if it never was.
	RotatedAt time.Time
	// ExpiresAt is when it ends by itself; zero where it does not.
	ExpiresAt time.Time
	// UsedAt is when it was last used, to two minutes; zero if it never was.
	UsedAt time.Time
	// RevokedAt is when a person ended it; zero while it lives.
	RevokedAt time.Time
	// Version counts changes, starting at 1.
	Version int
}

// Live reports whether the key can be used at now.
func (k APIKey) Live(now time.Time) bool {
	return k.RevokedAt.IsZero() && (k.ExpiresAt.IsZero() || now.Before(k.ExpiresAt))
}

// Reach is the channels that an actor is narrowed to. The nil Reach covers all.
type Reach struct{ channels []ChannelID }

// NewReach returns the Reach of these channels; nil, which covers all, if there
// are none.
func NewReach(channels []ChannelID) *Reach {
	if len(channels) == 0 {
		return nil
	}
	return &Reach{channels: slices.Clone(channels)}
}

// Covers reports whether all of ids are within r.
func (r *Reach) Covers(ids ...ChannelID) bool {
	return r == nil || !slices.ContainsFunc(ids, func(id ChannelID) bool { return !slices.Contains(r.channels, id) })
}

// Channels returns what r is narrowed to, or nil if it covers all.
func (r *Reach) Channels() []ChannelID {
	if r == nil {
		return nil
	}
	return slices.Clone(r.channels)
}

// CoversPost reports whether r covers everything that p goes to, or is reposted
// by. A narrow Reach covers no post that goes nowhere: nothing says whose it is.
func (r *Reach) CoversPost(p Post) bool {
	if r == nil {
		return true
	}
	for _, t := range p.Targets {
		if !r.Covers(t.Channel) {
			return false
		}
	}
	for _, after := range p.After {
		if after.Channel != "" && !r.Covers(after.Channel) {
			return false
		}
	}
	return len(p.Targets) > 0
}
