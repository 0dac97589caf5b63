package domain

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/crierhq/crier/core/fault"
)

// PostState is what the author decided about a post. What became of it is the
// state of its deliveries; see Summarize.
type PostState string

// The states of a post.
const (
	PostDraft     PostState = "draft"     // being written; has no deliveries
	PostScheduled PostState = "scheduled" // booked; has one delivery a channel
	PostDeleted   PostState = "deleted"   // withdrawn; kept for the ledger only
)

// Post is one composed message and where it is to go.
type Post struct {
	ID           PostID
	Organization OrganizationID
	Author       UserID
	State        PostState
	// Items are the message and the replies of its thread, in order.
	Items []Item
	// Targets are the channels it goes to, each at most once.
	Targets []Target
	// DueAt is the instant to publish at; zero for a draft without a time. Of a
	// post that recurs, it is the next occurrence, and the last one at the end.
	// Of one that was queued, it is the earliest of its channels.
	DueAt time.Time
	// Zone and Wall keep the author's own wish: the IANA zone and the local
	// time as written, such as "2026-03-29T09:00:00".
	Zone, Wall string
	// Recurrence is when it is repeated, as Recurrence.Text writes it, begun at
	// Wall in Zone; empty for a post that is published once.
	Recurrence string
	// ExpandAt is the next time at which the engine must book occurrences; zero
	// if there is nothing more to book.
	ExpandAt time.Time
	// ExpandedTo is how far the occurrences were booked: of those up to then,
	// each one has a delivery, or was not to have one.
	ExpandedTo time.Time
	// Queued says that each channel publishes it in a slot of its own.
	Queued bool
	Tags   []string
	// Approval is the last word on the content.
	Approval Approval
	// After is what is to follow on the platforms once it is out.
	After []After
	// Revision counts changes of the content, starting at 1. A delivery names
	// the revision it publishes.
	Revision  int
	CreatedAt time.Time
	UpdatedAt time.Time
	// Version counts all changes, starting at 1.
	Version int
}

// Item is one message of a post: the first, or a reply in its thread.
type Item struct {
	Text string
	// Format is what Text is written in.
	Format Format
	Media  []Attachment
	// Delay is how long after the item before it this one goes out. The first
	// item has none.
	Delay time.Duration
}

// Format is what an author writes a text in.
type Format string

// The formats. What a platform cannot show is left out, and never the words.
const (
	// FormatNative is read as each platform reads it: as marks where it has
	// some, and as it is elsewhere.
	FormatNative Format = ""
	// FormatPlain means nothing but what it says, on every platform.
	FormatPlain Format = "plain"
	// FormatMarkdown and FormatHTML are what package markup reads.
	FormatMarkdown Format = "markdown"
	FormatHTML     Format = "html"
)

// AllFormats lists every Format, for exhaustive tables and their tests.
func AllFormats() []Format { return []Format{FormatNative, FormatPlain, FormatMarkdown, FormatHTML} }

// Attachment is a media file on an item.
type Attachment struct {
	Media MediaID
	// Alt replaces the description stored with the file, if set.
	Alt string
}

// Target is a channel of a post, with what is special there.
type Target struct {
	Channel ChannelID
	// Settings are the provider's own choices for this post, as JSON.
	Settings json.RawMessage
	// Items replace the post's items on this channel, if set.
	Items []Item
}

// ItemsFor returns what goes out on channel: its own items, or the post's.
func (p Post) ItemsFor(channel ChannelID) []Item {
	if t, ok := p.Target(channel); ok && len(t.Items) > 0 {
		return t.Items
	}
	return p.Items
}

// Target returns the target of channel.
func (p Post) Target(channel ChannelID) (Target, bool) {
	i := slices.IndexFunc(p.Targets, func(t Target) bool { return t.Channel == channel })
	if i < 0 {
		return Target{}, false
	}
	return p.Targets[i], true
}

// Delete withdraws the post. Deliveries must have been canceled before.
func (p *Post) Delete(now time.Time) error {
	if p.State == PostDeleted {
		return fault.Missing("post")
	}
	p.State, p.UpdatedAt, p.ExpandAt = PostDeleted, Instant(now), time.Time{}
	return nil
}

// Summary is the state of a post as people see it, derived from its
// deliveries and stored nowhere.
type Summary string

// The summaries.
const (
	SummaryDraft           Summary = "draft"
	SummaryScheduled       Summary = "scheduled"        // all wait
	SummaryPublishing      Summary = "publishing"       // something is under way
	SummaryPublished       Summary = "published"        // all are out
	SummaryPartlyPublished Summary = "partly_published" // some are out, none needs a person, not all went out
	SummaryAttention       Summary = "attention"        // a person has to look
	SummaryCanceled        Summary = "canceled"         // all are withdrawn
	SummaryDeleted         Summary = "deleted"
)

// Summarize sums up the deliveries of a post.
func Summarize(p PostState, deliveries []DeliveryState) Summary {
	switch {
	case p == PostDeleted:
		return SummaryDeleted
	case p == PostDraft || len(deliveries) == 0:
		return SummaryDraft
	}
	n := map[DeliveryState]int{}
	attention, moving := 0, 0
	for _, s := range deliveries {
		n[s]++
		if s.NeedsAttention() {
			attention++
		}
		if s.Moving() {
			moving++
		}
	}
	live := len(deliveries) - n[DeliveryCanceled]
	switch {
	case attention > 0:
		return SummaryAttention
	case moving > 0:
		return SummaryPublishing
	case live == 0:
		return SummaryCanceled
	case n[DeliveryScheduled] == live:
		return SummaryScheduled
	case n[DeliveryPublished] == live:
		return SummaryPublished
	default:
		return SummaryPartlyPublished
	}
}
