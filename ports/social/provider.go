// Package social is the port that every social platform is reached through.
//
// A provider implements Provider, one of the connectors, and as many of the
// optional interfaces in capability.go as its platform supports. The rest of
// the program never names a platform: it asks CapabilitiesOf what can be done
// and Descriptor what the limits are.
//
// The host guarantees to a provider: items were checked against Limits and
// against the settings schema, and by Validate; credentials were unsealed a
// moment ago; no two calls publish the same item at the same time; and the
// context carries a deadline.
package social

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
)

// Provider is what every platform can do. Implementations must be safe for
// concurrent use and must hold no state of an account.
type Provider interface {
	// Descriptor returns the static facts of the platform. It must return the
	// same value on every call and must not do I/O.
	Descriptor() Descriptor

	// Validate reports the problems of it that Limits and the settings schema
	// cannot express. It is pure: the same arguments give the same answer, and
	// nothing is fetched. Media have no Source here.
	Validate(it Item, tr Traits) []Problem

	// Publish makes the one change the public can see. at is the zero Cursor,
	// or the one that Prepare or Check ended on. The engine stores its intent
	// before the call and makes it at most once for each stored intent, so
	// Publish must not retry by itself. After a lost answer the engine may call
	// it again with the same Target.Key, but only within Descriptor.Dedupe.
	// Errors are *Error; any other error reads as CodeOutcomeUnknown.
	Publish(ctx context.Context, t Target, it Item, at Cursor) (Outcome, error)
}

// Deps is everything a provider may take from its host. Providers use nothing
// global: not http.DefaultClient, not slog.Default, not time.Now, not the
// environment.
type Deps struct {
	// HTTP refuses private addresses and bounds time and size.
	HTTP *http.Client
	// Log redacts credentials.
	Log *slog.Logger
	// Now is the clock, in UTC.
	Now func() time.Time
	// NewID makes ids that nobody can guess.
	NewID func() string
	// Vault remembers what an installation must know for a provider beside the
	// channels, such as an app that was registered by itself.
	Vault Vault
	// Hosting is set where the host serves public pages; nil elsewhere.
	Hosting *Hosting
}

// Vault keeps small secrets of an installation, sealed at rest. Each provider
// sees only its own. Implementations are safe for concurrent use.
type Vault interface {
	// Load returns what was saved last under name, or false if nothing was.
	Load(ctx context.Context, name string) ([]byte, bool, error)
	// Save replaces what is kept under name.
	Save(ctx context.Context, name string, value []byte) error
}

// Hosting is what a provider needs to publish on this very server.
type Hosting struct {
	// BaseURL is the public root under which the host serves the provider's
	// Site, without a slash at its end: "https://crier.example/feed".
	BaseURL string
	// Documents keeps what is published.
	Documents Documents
	// Files keeps the bytes of what is published.
	Files Files
}

// Documents keeps JSON documents in order. It is a part of ports/store.
type Documents interface {
	// Put stores d unless its space has the key already; it returns the one
	// that is stored then. It may be repeated.
	Put(ctx context.Context, d domain.Document) (domain.Document, error)
	// Replace stores d over the one with its key, or fault.ErrNotFound.
	Replace(ctx context.Context, d domain.Document) error
	// Get returns one document, or fault.ErrNotFound.
	Get(ctx context.Context, space, key string) (domain.Document, error)
	// List returns the newest documents of space first, at most limit.
	List(ctx context.Context, space string, limit int) ([]domain.Document, error)
	// Delete removes one document. A missing one is no error.
	Delete(ctx context.Context, space, key string) error
}

// Files keeps bytes under keys. It is a part of ports/blob.
type Files interface {
	// Put stores all of r under key, replacing what was there, and returns the
	// number of bytes. A failed Put leaves nothing behind.
	Put(ctx context.Context, key string, r io.Reader) (int64, error)
	// Open returns the bytes under key, or fault.ErrNotFound.
	Open(ctx context.Context, key string) (io.ReadSeekCloser, error)
	// Delete removes key. A missing one is no error.
	Delete(ctx context.Context, key string) error
}

// Target says on whose behalf a call is made.
type Target struct {
	// Account is the platform's own id of the account or page.
	Account    string
	Traits     Traits
	Credential Credential
	// Key is stable for one item of one delivery at one revision. A provider
	// whose platform takes an idempotency key sends it, and one whose platform
	// lets clients choose the id derives the id from it.
	Key string
	// FirstTry is when the first call with Key was about to be made. It stays
	// the same when the call is repeated, so that a repeated request can be
	// equal to the first to the byte.
	FirstTry time.Time
}

// Credential is opaque to everything but its provider. It never prints itself.
type Credential struct {
	Access  string
	Refresh string
	Extra   map[string]string
	// Expiry is when Access ends; zero where it does not, or nobody knows.
	Expiry time.Time
}

// ExtraScope is the key of Credential.Extra for the scopes that were granted,
// with blanks between them. It is stored and never changes.
const ExtraScope = "scope"

// Scopes are what the person allowed; nil: the platform does not say.
func (c Credential) Scopes() []string { return strings.Fields(c.Extra[ExtraScope]) }

// LogValue keeps credentials out of structured logs.
func (Credential) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// String keeps credentials out of %v and %s, also inside other structs.
func (Credential) String() string { return "[redacted]" }

// GoString keeps credentials out of %#v.
func (Credential) GoString() string { return "[redacted]" }

// Traits are facts of one account that move its limits, such as the longest
// text its server takes. They are stored at connect time and handed back
// unchanged.
type Traits map[string]string

// Item is one message: the first of a post, or with Parent a reply in its
// thread.
type Item struct {
	// Text is in the markup that Descriptor.Markup names.
	Text     string          `json:"text"`
	Media    []Media         `json:"media,omitempty"`
	Settings json.RawMessage `json:"settings,omitempty"`
	// Root and Parent are the first item of the thread and the one before this;
	// both are nil for the first item, and set only if Limits.Replies > 0.
	Root   *Ref `json:"root,omitempty"`
	Parent *Ref `json:"parent,omitempty"`
}

// Media is one attachment. Platforms that pull use PublicURL, platforms that
// are pushed to use Open; a provider never reads a path or a bucket itself.
type Media struct {
	Kind  domain.MediaKind `json:"kind"`
	MIME  string           `json:"mime"`
	Bytes int64            `json:"bytes"`
	// Name is the file's name, without a path.
	Name   string `json:"name,omitempty"`
	Width  int    `json:"width,omitempty"`
	Height int    `json:"height,omitempty"`
	Alt    string `json:"alt,omitempty"`
	Source Source `json:"-"`
}

// Source gives the bytes of a Media. Both calls may be repeated.
type Source interface {
	// Open returns the bytes from the start. The caller closes it.
	Open(ctx context.Context) (io.ReadCloser, error)
	// PublicURL returns an address that anybody can fetch the bytes from for at
	// least an hour, or an *Error of CodeUnsupported where the host has none.
	PublicURL(ctx context.Context) (string, error)
}

// The vocabulary that providers share with the core.
type (
	// Ref is where a published item can be found again.
	Ref = domain.Ref
	// Cursor is a provider's progress through a publication.
	Cursor = domain.Cursor
	// Step names the call that a Cursor waits for.
	Step = domain.Step
	// RateLimit is a published limit of a platform.
	RateLimit = domain.RateLimit
	// Problem is something the author must change before the item can go out.
	Problem = fault.Problem
)

// The steps after the first.
const (
	StepCheck   = domain.StepCheck
	StepPublish = domain.StepPublish
)

// MaxCursorBytes bounds Cursor.State.
const MaxCursorBytes = 4096

// Outcome is how far a publication has come: exactly one of Ref (done) and
// Cursor (not yet) is set.
type Outcome struct {
	Ref    *Ref
	Cursor *Cursor
	// Caveat is what of a finished publication did not work, as a plain sentence
	// for its author: a video that is out without its thumbnail. Only with Ref.
	Caveat string
}

// Published is the Outcome of a finished publication.
func Published(ref Ref) Outcome { return Outcome{Ref: &ref} }

// But is o with one more thing that did not work; nothing for an empty sentence.
func (o Outcome) But(sentence string) Outcome {
	o.Caveat = strings.TrimSpace(o.Caveat + " " + sentence)
	return o
}

// Pending is the Outcome of one that needs another call.
func Pending(c Cursor) Outcome { return Outcome{Cursor: &c} }

// Site serves the public pages of a provider whose platform is this server.
// The handler sees paths below Hosting.BaseURL.
type Site interface {
	Pages() http.Handler
	// Home is the page that a person would open to see an account.
	Home(account string) *url.URL
}
