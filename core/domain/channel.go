package domain

import (
	"time"

	"github.com/crierhq/crier/core/fault"
)

// ChannelState says whether a channel can publish.
type ChannelState string

// The states of a channel.
const (
	// ChannelActive can publish.
	ChannelActive ChannelState = "active"
	// ChannelReconnect needs a person to connect it again.
	ChannelReconnect ChannelState = "reconnect_needed"
	// ChannelDisconnected was taken away by a person; its credential is gone.
	ChannelDisconnected ChannelState = "disconnected"
)

// Channel is one connected account, page, board or server of a platform.
type Channel struct {
	ID           ChannelID
	Organization OrganizationID
	Provider     ProviderID
	// Account is the platform's own id of the account. Together with Provider
	// it is unique in an organization.
	Account string
	Name    string
	Handle  string
	// URL is where people see the account, and Avatar its picture; both may be
	// empty.
	URL, Avatar string
	// Traits are facts of the account that its provider stored at connect time.
	Traits map[string]string
	State  ChannelState
	// StateReason says why State is not active, in a sentence for people.
	StateReason string
	// Secret is the sealed credential. It is empty for a disconnected channel
	// and for one whose tokens the host supplies.
	Secret string
	// SecretExpires is when the credential ends; zero where it does not.
	SecretExpires time.Time
	// Group is the group that it belongs to; empty where it is in none.
	Group GroupID
	// Slots are its weekly posting times, in the order of the week.
	Slots []Slot
	// HostTokens marks a channel whose tokens the embedding program supplies.
	HostTokens bool
	// Gap is the least time between two changes on it, where the installation
	// and the platform do not ask for more.
	Gap time.Duration
	// Paused holds back what the channel would publish.
	Paused Pause
	// RefreshAt is when the credential is to be renewed next. It is zero where
	// that cannot be done, or is not needed.
	RefreshAt time.Time
	// Renewal is who renews the credential now. Its Token grows with every
	// change of hands.
	Renewal Lease
	// RefreshFailures counts the renewals in a row that failed and may work
	// later, and RefreshProblem says why the last one did, for people.
	RefreshFailures int
	RefreshProblem  string
	// Foretold is the last warning that people got of the credential's end.
	Foretold  Forecast
	CreatedAt time.Time
	UpdatedAt time.Time
	// Version counts changes, starting at 1.
	Version int
}

// Connect puts the result of a connect into the channel and makes it active
// again. It keeps the channel's id, so what is scheduled on it stays. renewable
// says that the credential can be renewed without a person.
func (c *Channel) Connect(secret string, expires time.Time, renewable bool, now time.Time) {
	c.State, c.StateReason = ChannelActive, ""
	c.Renewed(secret, expires, renewable, now)
}

// NeedReconnect parks the channel until a person connects it again. No renewal
// is planned any more, also where it was parked before. It reports whether it was
// not, so that people are told once.
func (c *Channel) NeedReconnect(reason string, now time.Time) bool {
	c.RefreshAt = time.Time{}
	c.EndRenewal()
	if c.State != ChannelActive {
		return false
	}
	c.State, c.StateReason, c.UpdatedAt = ChannelReconnect, reason, Instant(now)
	return true
}

// Disconnect takes the channel out of use and forgets its credential.
func (c *Channel) Disconnect(now time.Time) error {
	if c.State == ChannelDisconnected {
		return fault.Missing("channel")
	}
	c.Renewed("", time.Time{}, false, now)
	c.State, c.StateReason = ChannelDisconnected, "It was disconnected."
	return nil
}
