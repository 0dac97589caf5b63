package reddit

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// demands asks what the community wants of a post, and says what is wrong with
// it. What is written there in regular expressions and words only Reddit judges.
// https://www.reddit.com/dev/api/#GET_api_v1_{subreddit}_post_requirements
func (p *Provider) demands(ctx context.Context, t social.Target, it social.Item, set Settings) error {
	if strings.HasPrefix(set.Subreddit, "u_") {
		return nil // Nobody moderates a profile.
	}
	var want requirements
	err := p.call(ctx, t, rest.Request{
		Method: http.MethodGet, Path: "/api/v1/" + url.PathEscape(set.Subreddit) + "/post_requirements", Out: &want,
	})
	if err != nil {
		if social.CodeOf(err) == social.CodeRejected {
			return nil // It tells nobody; what the post is answered with says why.
		}
		return err
	}
	return want.check(it, set)
}

// check says what of a post is not as it is wanted.
func (want requirements) check(it social.Item, set Settings) error {
	title := utf8.RuneCountInString(set.Title)
	wrong := cmp.Or(
		say(want.FlairRequired && set.Flair == "", "demands a flair. Choose one."),
		least("titles", title, want.TitleMin), most("titles", title, want.TitleMax),
		want.ofText(it, set), want.ofGallery(it),
		say(set.Link != "" && !want.takes(set.Link), "takes no links to this site."),
	)
	if wrong == "" {
		return nil
	}
	return social.Errorf(social.CodeRejected, "r/%s %s", set.Subreddit, wrong)
}

// ofText is for text posts alone.
func (want requirements) ofText(it social.Item, set Settings) string {
	if len(it.Media) > 0 || set.Link != "" || set.Poll != nil || set.Crosspost != "" {
		return ""
	}
	n := utf8.RuneCountInString(strings.TrimSpace(body(it)))
	if n == 0 {
		return say(want.BodyPolicy == "required", "demands a text.")
	}
	return cmp.Or(say(want.BodyPolicy == "notAllowed", "takes no text but the title."), least("texts", n, want.BodyMin), most("texts", n, want.BodyMax))
}

func (want requirements) ofGallery(it social.Item) string {
	video, images := split(it)
	n := len(images)
	if video != nil || n < 2 {
		return ""
	}
	return cmp.Or(
		say(want.GalleryMin != nil && n < *want.GalleryMin, "wants more pictures in a gallery."),
		say(want.GalleryMax != nil && n > *want.GalleryMax, "wants fewer pictures in a gallery."),
	)
}

func say(wrong bool, words string) string {
	if wrong {
		return words
	}
	return ""
}

func least(what string, n int, bound *int) string {
	if bound == nil || n >= *bound {
		return ""
	}
	return fmt.Sprintf("wants %s of at least %d characters; this one has %d.", what, *bound, n)
}

func most(what string, n int, bound *int) string {
	if bound == nil || *bound == 0 || n <= *bound {
		return ""
	}
	return fmt.Sprintf("wants %s of at most %d characters; this one has %d.", what, *bound, n)
}

// takes reports whether a link may lead where it leads.
func (want requirements) takes(link string) bool {
	u, err := url.Parse(link)
	if err != nil {
		return true
	}
	host := strings.ToLower(u.Hostname())
	of := func(domain string) bool {
		domain = strings.ToLower(domain)
		return host == domain || strings.HasSuffix(host, "."+domain)
	}
	return !slices.ContainsFunc(want.NoDomains, of) && (len(want.OnlyDomains) == 0 || slices.ContainsFunc(want.OnlyDomains, of))
}
