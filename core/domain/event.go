package domain

import (
	"encoding/json"
	"time"
)

// EventKind names a kind of event. Kinds are stored and sent, so they never
// change their meaning.
type EventKind string

// The kinds that are not made from a state.
const (
	EventPostDrafted         EventKind = "post.drafted"
	EventPostEdited          EventKind = "post.edited"
	EventPostDeleted         EventKind = "post.deleted"
	EventPostStuck           EventKind = "post.repeat_failed"
	EventApprovalRequested   EventKind = "post.approval_requested"
	EventApproved            EventKind = "post.approved"
	EventRejected            EventKind = "post.rejected"
	EventApprovalWithdrawn   EventKind = "post.approval_withdrawn"
	EventChannelConnected    EventKind = "channel.connected"
	EventChannelReconnect    EventKind = "channel.reconnect_needed"
	EventChannelDisconnected EventKind = "channel.disconnected"
	EventChannelPaused       EventKind = "channel.paused"
	EventChannelResumed      EventKind = "channel.resumed"
	EventOrganizationPaused  EventKind = "organization.paused"
	EventOrganizationResumed EventKind = "organization.resumed"
	EventOrganizationEnding  EventKind = "organization.ending"
	EventOrganizationKept    EventKind = "organization.kept"
	EventMemberJoined        EventKind = "member.joined"
	EventMemberLeft          EventKind = "member.left"
	EventMemberRemoved       EventKind = "member.removed"
	EventMemberRole          EventKind = "member.role_changed"
	EventChannelExpiring     EventKind = "channel.expiring"
	EventMediaReady          EventKind = "media.ready"
	EventMediaDeleted        EventKind = "media.deleted"
)

// DeliveryEvent is the kind of event of a delivery that turned to s, such as
// "delivery.published".
func DeliveryEvent(s DeliveryState) EventKind { return EventKind("delivery." + string(s)) }

// PostEvent is the kind of event of a post whose summary turned to s, such as
// "post.published".
func PostEvent(s Summary) EventKind { return EventKind("post." + string(s)) }

// Event is a fact that other parts of the system may react to. It is stored in
// the transaction that made it true.
type Event struct {
	ID           EventID
	Organization OrganizationID
	Kind         EventKind
	// Post is the post it is about; empty for other subjects.
	Post PostID
	// Subject is the id of what changed: a delivery, a channel, a file.
	Subject string
	// Data is the JSON that subscribers get. It never holds a secret.
	Data json.RawMessage
	At   time.Time
	// Seq orders events as they were committed. The store sets it.
	Seq int64
}
