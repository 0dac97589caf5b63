package social

import (
	"time"

	"github.com/crierhq/crier/core/domain"
)

// Descriptor is what is true of a platform for every account.
type Descriptor struct {
	// ID is stored for ever: lower-case letters, digits and dashes.
	ID   domain.ProviderID
	Name string
	// DocsURL is the platform's own description of its API.
	DocsURL string
	// Markup is what Item.Text is written in.
	Markup Markup
	// Scopes are what we ask the account's owner for.
	Scopes []string
	Limits Limits
	// Settings describes the choices an author has for one post.
	Settings Schema
	// Dedupe is for how long the platform takes a repeated call with the same
	// Target.Key for the same change. Zero: it does not. DedupeForever: always.
	Dedupe time.Duration
	// AppLimits are the limits that all accounts of one platform app share, in
	// calls of Publish. Whoever reports a Rate of ScopeApp must list a limit,
	// with Calls zero where the platform publishes no number. Empty: an app has
	// no limits of its own, and sharing them costs nothing.
	AppLimits []RateLimit
	// MinGap is the shortest time between two publications of one account that
	// the platform documents. Zero: it documents none.
	MinGap time.Duration
}

// DedupeForever is a Descriptor.Dedupe that never ends.
const DedupeForever time.Duration = 1<<63 - 1

// Markup is a way of writing text.
type Markup string

// The markups a composer must offer.
const (
	MarkupPlain    Markup = "plain"
	MarkupMarkdown Markup = "markdown"
	MarkupHTML     Markup = "html"
)

// Limits is checked for every provider by one generic validator. A zero limit
// means that the thing is not offered, unless it says otherwise.
type Limits struct {
	Text  TextLimit
	Media MediaLimit
	// Replies is how many items may follow the first; 0: no threads.
	Replies int
}

// TextLimit bounds the text of an item in the unit the platform counts in.
type TextLimit struct {
	// Max is in units of Count.
	Max   int
	Count Counter
	// MaxBytes bounds the UTF-8 length as well; 0: it does not.
	MaxBytes int
	// URLLength is what every link counts as, however long; 0: its own length.
	URLLength int
	// Required forbids an item with media but without text.
	Required bool
}

// Counter names a way of measuring text.
type Counter string

// The ways platforms measure text.
const (
	CountRunes     Counter = "runes"     // code points
	CountUTF16     Counter = "utf16"     // UTF-16 code units
	CountGraphemes Counter = "graphemes" // what a reader sees as one character
	CountBytes     Counter = "bytes"     // UTF-8
	// CountWeighted is that of https://github.com/twitter/twitter-text (v3):
	// Latin and its neighbours count one, all else two, an emoji two however
	// many code points it has.
	CountWeighted Counter = "weighted"
)

// MediaLimit bounds the attachments of an item.
type MediaLimit struct {
	// Required forbids an item without media, unless it is a reply.
	Required bool
	// Pulls lists the kinds of files that the platform fetches by their
	// Source.PublicURL, so that a host without public addresses cannot serve it
	// with those. Empty: all files are handed over.
	Pulls []domain.MediaKind
	// Images, Videos and Documents bound the number of each in one item.
	Images, Videos, Documents int
	// Mixed allows several kinds in one item.
	Mixed bool
	// Max bounds the number over all kinds; 0: the sum of the others.
	Max int
	// Types lists what is accepted. A kind that is not listed is not accepted.
	Types []MediaType
	// Alt bounds the description, in code points; 0: any length.
	Alt int
}

// MediaType is one accepted type of file.
type MediaType struct {
	MIME string
	// MaxBytes bounds the file's size; 0: it does not.
	MaxBytes int64
	// MaxPixels bounds width times height; 0: it does not.
	MaxPixels int64
}
