package domain

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"
)

// ApprovalState says how far the review of a post is.
type ApprovalState string

// The states of an approval.
const (
	ApprovalNone      ApprovalState = ""          // nobody was asked and nobody has said anything
	ApprovalRequested ApprovalState = "requested" // somebody who may approve has to look at it
	ApprovalApproved  ApprovalState = "approved"  // what has Hash may be published
	ApprovalRejected  ApprovalState = "rejected"  // it has to be changed first; Note says why
)

// Approval is the last word on a post's content. It speaks of the content that
// has Hash and of no other, so an edit leaves it behind.
type Approval struct {
	State ApprovalState
	// Hash is the Post.ContentHash that it is about.
	Hash string
	// Review says that somebody asked for a review of this post: it needs an
	// approval even where its organization asks for none.
	Review bool
	// By is who asked, approved or rejected; empty for a program.
	By UserID
	At time.Time
	// Note is what the person said. It may be empty.
	Note string
}

// Approved reports whether exactly the content that p has now was approved.
func (p Post) Approved() bool {
	return p.Approval.State == ApprovalApproved && p.Approval.Hash == p.ContentHash()
}

// Wanted reports whether the post must not be published unless it is Approved.
// required says whether its organization wants approvals.
func (a Approval) Wanted(required bool) bool { return required || a.Review }

// contentHashVersion goes in front of every hash, so that a change of what
// is hashed cannot be taken for a change of the content.
const contentHashVersion = "1:"

// hashedPost is what ContentHash covers. Its names are part of the hash and
// never change within a version.
type hashedPost struct {
	Items   []hashedItem   `json:"items"`
	Targets []hashedTarget `json:"targets"`
	// After came later: without rules, the hash is as it was before.
	After []hashedAfter `json:"after,omitempty"`
}

type hashedAfter struct {
	Do      string `json:"do"`
	Channel string `json:"channel"`
	Delay   int64  `json:"delay"` // nanoseconds
	Likes   int    `json:"likes"`
	Watch   int64  `json:"watch"` // nanoseconds
	Text    string `json:"text"`
	Format  string `json:"format,omitempty"` // came later
}

type hashedItem struct {
	Text  string             `json:"text"`
	Media []hashedAttachment `json:"media"`
	Delay int64              `json:"delay"` // nanoseconds
	// Format came later: without it, the hash is as it was before.
	Format string `json:"format,omitempty"`
}

type hashedAttachment struct {
	Media string `json:"media"`
	Alt   string `json:"alt"`
}

type hashedTarget struct {
	Channel  string          `json:"channel"`
	Settings json.RawMessage `json:"settings"`
	Items    []hashedItem    `json:"items"`
}

// ContentHash names what p would publish: its items, its targets with their
// settings and items of their own, and what is to follow. The same content has the same hash,
// whatever order the targets and the keys of their settings stand in. When p
// is due, how often, and its tags are not part of it: moving a post is no
// change of its content.
func (p Post) ContentHash() string {
	h := hashedPost{Items: hashItems(p.Items), Targets: make([]hashedTarget, len(p.Targets))}
	for i, t := range p.Targets {
		h.Targets[i] = hashedTarget{Channel: string(t.Channel), Settings: canonical(t.Settings), Items: hashItems(t.Items)}
	}
	for _, a := range p.After {
		h.After = append(h.After, hashedAfter{string(a.Do), string(a.Channel), int64(a.Delay), a.Likes, int64(a.Watch), a.Text, string(a.Format)})
	}
	slices.SortFunc(h.Targets, func(a, b hashedTarget) int { return cmp.Compare(a.Channel, b.Channel) })
	text, err := json.Marshal(h)
	if err != nil {
		return "" // cannot be: all of it is text, numbers and checked JSON
	}
	sum := sha256.Sum256(text)
	return contentHashVersion + hex.EncodeToString(sum[:])
}

func hashItems(items []Item) []hashedItem {
	out := make([]hashedItem, len(items))
	for i, it := range items {
		out[i] = hashedItem{Text: it.Text, Media: make([]hashedAttachment, len(it.Media)), Delay: int64(it.Delay), Format: string(it.Format)}
		for k, m := range it.Media {
			out[i].Media[k] = hashedAttachment{Media: string(m.Media), Alt: m.Alt}
		}
	}
	return out
}

// canonical writes JSON so that the same meaning has the same text. What is no
// JSON becomes a string, so that it still tells two posts apart.
func canonical(raw json.RawMessage) json.RawMessage {
	if len(bytes.TrimSpace(raw)) == 0 {
		return json.RawMessage("null")
	}
	var v any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber() // a number stays as it is written
	if err := d.Decode(&v); err != nil || !json.Valid(raw) {
		v = string(raw)
	}
	out, err := json.Marshal(v)
	if err != nil {
		return json.RawMessage("null") // cannot be: it was just decoded
	}
	return out
}
