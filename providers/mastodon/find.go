package mastodon

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// skew is how far a server's clock may be behind ours.
const skew = time.Minute

// Find implements social.Finder. It compares what an author can see: a server
// keeps no trace of the key.
func (p *Provider) Find(ctx context.Context, t social.Target, it social.Item) (*social.Ref, error) {
	near, err := p.siblings(ctx, t, it.Parent)
	if err != nil {
		return nil, err
	}
	s := only(near, it)
	if s == nil {
		return nil, nil
	}
	ref := refOf(*s, it.Media)
	return &ref, nil
}

// Confirm implements social.Confirmer.
func (p *Provider) Confirm(ctx context.Context, t social.Target, ref social.Ref) (bool, error) {
	resp, err := p.call(ctx, t, rest.Request{Method: http.MethodGet, Path: statusPath(ref.ID)})
	if resp.Status == http.StatusNotFound || resp.Status == http.StatusGone {
		return false, nil
	}
	return err == nil, err
}

func statusPath(id string) string { return "/api/v1/statuses/" + url.PathEscape(id) }

// recent lists the newest posts of the account that came after the first try.
func (p *Provider) recent(ctx context.Context, t social.Target) ([]status, error) {
	_, id, _ := strings.Cut(t.Account, "/")
	var all []status
	_, err := p.call(ctx, t, rest.Request{
		Method: http.MethodGet, Path: "/api/v1/accounts/" + url.PathEscape(id) + "/statuses",
		Query: url.Values{"limit": {"40"}, "exclude_reblogs": {"true"}}, Out: &all,
	})
	return slices.DeleteFunc(all, func(s status) bool { return !s.since(t.FirstTry.Add(-skew)) }), err
}

// siblings are the recent posts that answer the same post, or none.
func (p *Provider) siblings(ctx context.Context, t social.Target, parent *social.Ref) ([]status, error) {
	all, err := p.recent(ctx, t)
	return slices.DeleteFunc(all, func(s status) bool {
		return parent == nil && s.InReplyToID != "" || parent != nil && string(s.InReplyToID) != parent.ID
	}), err
}

// withUploads is the recent post that has all of the uploads, if there is one.
func (p *Provider) withUploads(ctx context.Context, t social.Target, ids []string) (*status, error) {
	all, err := p.recent(ctx, t)
	for _, s := range all {
		missing := func(id string) bool {
			return !slices.ContainsFunc(s.MediaAttachments, func(a attachment) bool { return string(a.ID) == id })
		}
		if !slices.ContainsFunc(ids, missing) {
			return &s, nil
		}
	}
	return nil, err
}

// only is the one post that says what it says; nil if none does, or several.
// Files without a word could be those of any post: Check knows them by their ids.
func only(near []status, it social.Item) *status {
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil || letters(it.Text+set.SpoilerText) == "" {
		return nil
	}
	var found []status
	for _, s := range near {
		if len(s.MediaAttachments) == len(it.Media) && letters(s.SpoilerText) == letters(set.SpoilerText) && says(s, it.Text) {
			found = append(found, s)
		}
	}
	if len(found) != 1 {
		return nil
	}
	return &found[0]
}

func says(s status, text string) bool {
	return s.Text != "" && letters(s.Text) == letters(text) || letters(plain(s.Content)) == letters(text)
}

// resembles reports whether s may be what a server made of it: as many files,
// and at least half of the words.
func resembles(s status, it social.Item) bool {
	if len(s.MediaAttachments) != len(it.Media) {
		return false
	}
	theirs, ours, hits := words(s.Text+" "+plain(s.Content)), words(it.Text), 0
	for _, w := range ours {
		if slices.Contains(theirs, w) {
			hits++
		}
	}
	return 2*hits >= len(ours)
}

func words(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

var mention = regexp.MustCompile(`@([\p{L}\p{N}_][\p{L}\p{N}_.-]*)@[\p{L}\p{N}.-]*[\p{L}\p{N}]`)

// letters reduces a text to what every server leaves as it is: servers cut the
// host off a mention, change white space, and some read Markdown.
func letters(s string) string {
	s = mention.ReplaceAllString(s, "@$1")
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), strings.ContainsRune("*_~`\\", r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Variation_Selector, r):
			return -1
		default:
			return unicode.ToLower(r)
		}
	}, s)
}
