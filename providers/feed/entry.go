package feed

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/social"
)

// entry is what is stored of a published item. It is all that is needed to show
// it, for ever.
type entry struct {
	// ID is a permanent urn:uuid.
	ID      string   `json:"id"`
	Text    string   `json:"text,omitempty"`
	Title   string   `json:"title,omitempty"`
	Summary string   `json:"summary,omitempty"`
	Tags    []string `json:"tags,omitempty"`
	Files   []file   `json:"files,omitempty"`
	// ReplyTo is the entry that this one goes on from.
	ReplyTo *link `json:"replyTo,omitempty"`
	// Published is the time of its document. Updated is never before it.
	Published time.Time `json:"published"`
	Updated   time.Time `json:"updated"`
}

type link struct {
	ID  string `json:"id"`
	URL string `json:"url,omitempty"`
}

// slug is the entry's part of addresses and its key: the digits of its id.
func (e entry) slug() string { return slugOf(e.ID) }

func slugOf(id string) string { return strings.ReplaceAll(strings.TrimPrefix(id, uuidPrefix), "-", "") }

const (
	uuidPrefix = "urn:uuid:"
	aboutKey   = "about"
	extraAt    = "at"
)

func aboutSpace(account string) string   { return "feed/" + account + "/about" }
func entriesSpace(account string) string { return "feed/" + account + "/entries" }

var (
	accountPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	slugPattern    = regexp.MustCompile(`^[0-9a-f]{32}$`)
)

func isAccount(s string) bool { return accountPattern.MatchString(s) }

// entryID makes the id of what is published with key: a UUID of version 8 (RFC
// 9562) from a hash, so that the same key gives the same id for ever.
func entryID(account, key string) string { return uuidOf("entry", account, key) }

func uuidOf(parts ...string) string {
	h := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	h[6] = h[6]&0x0f | 0x80
	h[8] = h[8]&0x3f | 0x80
	x := hex.EncodeToString(h[:16])
	return uuidPrefix + x[:8] + "-" + x[8:12] + "-" + x[12:16] + "-" + x[16:20] + "-" + x[20:]
}

// ref is where e can be found. Its time lets a reply come after it.
func (p *Provider) ref(account string, e entry) social.Ref {
	return social.Ref{
		ID: e.ID, URL: p.address(account, e.slug()),
		Extra: map[string]string{extraAt: e.Published.Format(time.RFC3339Nano)},
	}
}

// load reads the entry with slug, or returns fault.ErrNotFound as it is.
func (p *Provider) load(ctx context.Context, account, slug string) (entry, error) {
	if !isAccount(account) || !slugPattern.MatchString(slug) {
		return entry{}, fault.ErrNotFound
	}
	d, err := p.deps.Hosting.Documents.Get(ctx, entriesSpace(account), slug)
	if err != nil {
		return entry{}, err
	}
	return decode(d)
}

func decode(d domain.Document) (entry, error) {
	var e entry
	err := json.Unmarshal(d.Data, &e)
	return e, err
}

// document is how e is stored.
func (e entry) document(account string) (domain.Document, error) {
	raw, err := json.Marshal(e)
	return domain.Document{Space: entriesSpace(account), Key: e.slug(), At: e.Published, Data: raw}, err
}

func isMissing(err error) bool { return errors.Is(err, fault.ErrNotFound) }

// readError is the error of a call that only reads.
func readError(err error) error {
	return &social.Error{Code: social.CodeUnavailable, Message: "The feed cannot be read at the moment.", Err: err}
}

// writeError is the error of a change that may have been stored all the same.
func writeError(err error) error {
	return &social.Error{Code: social.CodeOutcomeUnknown, Message: "It is not certain that the feed was stored.", Err: err}
}
