package xcom

import (
	"context"
	"html"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// skew is how far X's clock may be behind ours.
const skew = time.Minute

// Find implements social.Finder. It looks for the one post since the first try
// that says the same, with as many files, and answers the same post. Files
// without a word could be those of any post: of them only Check can tell.
func (p *Provider) Find(ctx context.Context, t social.Target, it social.Item) (*social.Ref, error) {
	if err := rest.Over(ctx); err != nil {
		return nil, err
	}
	if it.Parent == nil && strings.TrimSpace(it.Text) == "" {
		return nil, nil
	}
	all, err := p.recent(ctx, t)
	if err != nil {
		return nil, err
	}
	var found []post
	for _, s := range all {
		if s.is(it) {
			found = append(found, s)
		}
	}
	if len(found) != 1 {
		return nil, nil
	}
	ref := p.ref(t, found[0].ID)
	return &ref, nil
}

// withUploads is the recent post that has all of the uploads; nil: none.
func (p *Provider) withUploads(ctx context.Context, t social.Target, pr progress) (*social.Ref, error) {
	all, err := p.recent(ctx, t)
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		lacks := func(m uploaded) bool { return m.Key == "" || !slices.Contains(s.Attached.MediaKeys, m.Key) }
		if !slices.ContainsFunc(pr.Media, lacks) {
			ref := p.ref(t, s.ID)
			return &ref, nil
		}
	}
	return nil, nil
}

// recent lists the posts of the account that came after the first try.
// https://docs.x.com/x-api/users/get-posts
func (p *Provider) recent(ctx context.Context, t social.Target) ([]post, error) {
	since := t.FirstTry.Add(-skew).UTC()
	var out data[[]post]
	_, err := p.call(ctx, t, rest.Request{
		Method: http.MethodGet, Path: "/2/users/" + url.PathEscape(t.Account) + "/tweets", Out: &out,
		Query: url.Values{
			"max_results": {"100"}, "exclude": {"retweets"}, "start_time": {since.Format(time.RFC3339)},
			"tweet.fields": {"attachments,created_at,entities,note_tweet,referenced_tweets"},
		},
	})
	return slices.DeleteFunc(out.Data, func(s post) bool { return s.ID == "" || s.CreatedAt.Before(since) }), err
}

// is reports whether s is what X makes of it.
func (s post) is(it social.Item) bool {
	parent := ""
	for _, r := range slices.Concat(s.References, s.Referenced) {
		if r.Type == "replied_to" {
			parent = r.ID
		}
	}
	want := ""
	if it.Parent != nil {
		want = it.Parent.ID
	}
	text, links := s.said()
	return parent == want && len(s.Attached.MediaKeys) == len(it.Media) && letters(text) == letters(it.Text) && hasAll(links, it.Text)
}

// said is the text of s, and where its links lead: X puts short ones in their
// place, and adds some of its own for files and quoted posts.
func (s post) said() (text string, links []string) {
	text, e := s.Text, s.Entities
	for _, long := range []longText{s.Note, s.NotePost} {
		if long.Text != "" {
			text, e = long.Text, long.Entities
		}
	}
	for _, u := range e.URLs {
		links = append(links, u.Expanded)
	}
	return html.UnescapeString(text), links
}

// hasAll reports whether every link in text is among links.
func hasAll(links []string, text string) bool {
	for _, at := range social.Links(text) {
		own := strings.TrimRight(text[at.Start:at.End], "/")
		if !slices.ContainsFunc(links, func(l string) bool { return strings.EqualFold(strings.TrimRight(l, "/"), own) }) {
			return false
		}
	}
	return true
}

// letters is a text without its links and white space.
func letters(s string) string {
	var b strings.Builder
	at := 0
	for _, l := range social.Links(s) {
		b.WriteString(s[at:l.Start])
		at = l.End
	}
	b.WriteString(s[at:])
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Variation_Selector, r) {
			return -1
		}
		return r
	}, b.String())
}
