package reddit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// skew is how far the platform's clock may be behind ours.
const skew = time.Minute

// sought tells a post from the others of its account.
type sought struct {
	Subreddit string `json:"sr"`
	Title     string `json:"title"`
	// Print is that of the text.
	Print string `json:"print"`
	// Link is where a link post leads to; empty: it is none.
	Link string `json:"link,omitempty"`
}

func seek(it social.Item, set Settings) sought {
	return sought{Subreddit: set.Subreddit, Title: words(set.Title), Print: textPrint(body(it)), Link: set.Link}
}

// is reports whether s is what Reddit makes of it. Some communities drop the
// text of what is no text post.
func (w sought) is(s thing) bool {
	return strings.EqualFold(s.Subreddit, w.Subreddit) && words(s.Title) == w.Title &&
		(textPrint(s.Selftext) == w.Print || s.Selftext == "" && !s.IsSelf) && (w.Link == "" || samePlace(s.URL, w.Link))
}

// samePlace reports whether two links lead to the same page, for all that is
// known: what comes after a ? may be tidied up.
func samePlace(a, b string) bool {
	bare := func(s string) string {
		u, err := url.Parse(s)
		if err != nil {
			return s
		}
		return u.Host + strings.TrimRight(u.Path, "/")
	}
	return strings.EqualFold(bare(a), bare(b))
}

// textPrint tells texts apart by their letters and digits.
func textPrint(s string) string {
	letters := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsSymbol(r) && r > unicode.MaxASCII {
			return r
		}
		return -1
	}, s)
	sum := sha256.Sum256([]byte(letters))
	return hex.EncodeToString(sum[:6])
}

// Find implements social.Finder.
func (p *Provider) Find(ctx context.Context, t social.Target, it social.Item) (*social.Ref, error) {
	if err := rest.Over(ctx); err != nil {
		return nil, err
	}
	if it.Parent != nil {
		want := textPrint(body(it))
		return p.one(ctx, t, "comments", func(s thing) bool { return s.Parent == it.Parent.ID && textPrint(s.Body) == want })
	}
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return nil, err
	}
	ref, err := p.submitted(ctx, t, seek(it, set))
	if ref != nil {
		ref.Extra = map[string]string{extraPrint: printOf(it, set)}
	}
	return ref, err
}

// submitted finds a post of the account; nil: there is none, or several.
func (p *Provider) submitted(ctx context.Context, t social.Target, w sought) (*social.Ref, error) {
	return p.one(ctx, t, "submitted", w.is)
}

// one finds the only thing since the first try that is what is looked for, among
// what the account posted. https://www.reddit.com/dev/api/#GET_user_{username}_submitted
func (p *Provider) one(ctx context.Context, t social.Target, list string, is func(thing) bool) (*social.Ref, error) {
	var page listing[thing]
	err := p.call(ctx, t, rest.Request{
		Method: http.MethodGet, Path: "/user/" + url.PathEscape(t.Traits[traitName]) + "/" + list, Out: &page,
		Query: url.Values{"sort": {"new"}, "limit": {"100"}, "raw_json": {"1"}},
	})
	if err != nil {
		return nil, err
	}
	var found []thing
	for _, s := range page.things() {
		if s.since(t.FirstTry.Add(-skew)) && is(s) {
			found = append(found, s)
		}
	}
	if len(found) != 1 {
		return nil, nil
	}
	kind := "t3_"
	if list == "comments" {
		kind = "t1_"
	}
	return found[0].ref(kind), nil
}

// info reads a post or a comment; nil: it is gone.
// https://www.reddit.com/dev/api/#GET_api_info
func (p *Provider) info(ctx context.Context, t social.Target, id string) (*thing, error) {
	var page listing[thing]
	err := p.call(ctx, t, rest.Request{
		Method: http.MethodGet, Path: "/api/info", Query: url.Values{"id": {id}, "raw_json": {"1"}}, Out: &page,
	})
	if err != nil {
		return nil, err
	}
	for _, s := range page.things() {
		if s.Author != "[deleted]" && (s.Name == id || strings.HasSuffix(id, "_"+s.ID)) {
			return &s, nil
		}
	}
	return nil, nil
}

// Confirm implements social.Confirmer. Reddit and the moderators hide posts
// without a word to whoever posts them.
func (p *Provider) Confirm(ctx context.Context, t social.Target, ref social.Ref) (bool, error) {
	s, err := p.info(ctx, t, ref.ID)
	return s != nil && s.RemovedBy == nil, err
}

// Resolve implements social.Resolver. Everybody has the same id for a post.
func (p *Provider) Resolve(ctx context.Context, t social.Target, ref social.Ref) (social.Ref, error) {
	if err := rest.Over(ctx); err != nil {
		return social.Ref{}, err
	}
	id := ref.ID
	if !strings.HasPrefix(id, "t1_") && !strings.HasPrefix(id, "t3_") {
		id = idIn(ref.URL)
	}
	if id == "" {
		return social.Ref{}, social.Errorf(social.CodeRejected, "This is not the link of a post on Reddit.")
	}
	s, err := p.info(ctx, t, id)
	switch {
	case err != nil:
		return social.Ref{}, err
	case s == nil:
		return social.Ref{}, social.Errorf(social.CodeRejected, "%s", gone)
	}
	return social.Ref{ID: id, URL: linkTo(id, s.Permalink)}, nil
}

// idIn is the id of the comment or else of the post that a link leads to.
func idIn(link string) string {
	at, err := url.Parse(link)
	if err != nil {
		return ""
	}
	if found := regexp.MustCompile(`/comments/[0-9a-z]+/[^/]*/([0-9a-z]+)/?$`).FindStringSubmatch(at.Path); found != nil {
		return "t1_" + found[1]
	}
	return postID(link)
}

// Edit implements social.Editor: the text of a text post or a comment.
// https://www.reddit.com/dev/api/#POST_api_editusertext
func (p *Provider) Edit(ctx context.Context, t social.Target, ref social.Ref, it social.Item) (social.Ref, error) {
	if err := rest.Over(ctx); err != nil {
		return social.Ref{}, err
	}
	if strings.HasPrefix(ref.ID, "t3_") {
		if err := onlyText(ref, it); err != nil {
			return social.Ref{}, err
		}
	}
	_, err := p.change(ctx, t, rest.Request{
		Method: http.MethodPost, Path: "/api/editusertext",
		Form: url.Values{"api_type": {"json"}, "thing_id": {ref.ID}, "text": {body(it)}},
	})
	if err != nil {
		return social.Ref{}, err
	}
	return ref, nil
}

// onlyText is an error if more than the text of a text post is to change.
func onlyText(ref social.Ref, it social.Item) error {
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return err
	}
	if len(it.Media) > 0 || set.Link != "" || set.Poll != nil || set.Crosspost != "" {
		return social.Errorf(social.CodeUnsupported, "On Reddit only text posts and comments can be changed. Delete the post and publish it anew.")
	}
	if was := ref.Extra[extraPrint]; was != "" && was != printOf(it, set) {
		return social.Errorf(social.CodeUnsupported, "On Reddit only the text of a post can be changed. Delete the post and publish it anew.")
	}
	return nil
}

// Delete implements social.Deleter. Reddit says nothing about what was not there.
// https://www.reddit.com/dev/api/#POST_api_del
func (p *Provider) Delete(ctx context.Context, t social.Target, ref social.Ref) error {
	return p.call(ctx, t, rest.Request{Method: http.MethodPost, Path: "/api/del", Form: url.Values{"id": {ref.ID}}})
}
