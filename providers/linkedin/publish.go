package linkedin

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
	"github.com/crierhq/crier/providers/kit/upload"
)

// The extras of a Ref: what tells whether the files or the settings changed, and
// of a comment, the post that it is on and its id there.
const (
	extraMedia   = "media"
	extraPost    = "post"
	extraComment = "comment"
)

// Publish implements social.Provider.
func (c common) Publish(ctx context.Context, t social.Target, it social.Item, at social.Cursor) (social.Outcome, error) {
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return social.Outcome{}, err
	}
	pr, err := progressOf(at)
	if err != nil {
		return social.Outcome{}, err
	}
	if len(pr.Media) != len(it.Media) {
		return social.Outcome{}, &social.Error{Code: social.CodeUnavailable, Restart: true, Message: "The files are not uploaded yet."}
	}
	if it.Parent != nil {
		return c.comment(ctx, t, it, pr)
	}
	resp, err := c.call(ctx, t, rest.Request{Method: http.MethodPost, Path: "/rest/posts", JSON: c.postOf(t, it, set, pr)}, "")
	if err != nil {
		return social.Outcome{}, err
	}
	urn := cmp.Or(resp.Header.Get("X-Restli-Id"), resp.Header.Get("X-Linkedin-Id"))
	if urn == "" {
		return social.Outcome{}, social.Errorf(social.CodeOutcomeUnknown, "LinkedIn did not say which post this became.")
	}
	return social.Published(c.ref(urn, fingerprint(it.Media, set))), nil
}

func (c common) ref(urn, print string) social.Ref {
	ref := social.Ref{ID: urn, URL: link(urn)}
	if print != "" {
		ref.Extra = map[string]string{extraMedia: print}
	}
	return ref
}

// fingerprint tells whether the files of a post, and its settings, are still the
// same. Empty: it has neither.
func fingerprint(media []social.Media, set Settings) string {
	if set.Visibility == "public" { // As if nothing was said.
		set.Visibility = ""
	}
	var none Settings
	if len(media) == 0 && set == none {
		return ""
	}
	head := []byte(nil)
	if set != none {
		head, _ = json.Marshal(set) // Texts and numbers can always be written.
	}
	return upload.Print(string(head), media)
}

func (c common) postOf(t social.Target, it social.Item, set Settings, pr progress) newPost {
	out := newPost{
		Author: c.author(t), Commentary: littleText(it.Text), Visibility: "PUBLIC", LifecycleState: "PUBLISHED",
		IsReshareDisabledByAuthor: set.DisableReshares, Content: contentOf(it, set, pr),
	}
	out.Distribution.FeedDistribution = "MAIN_FEED"
	out.Distribution.TargetEntities, out.Distribution.ThirdPartyDistributionChannels = []string{}, []string{}
	if set.Visibility == "connections" {
		out.Visibility = "CONNECTIONS"
	}
	return out
}

func contentOf(it social.Item, set Settings, pr progress) *content {
	switch {
	case set.Poll != nil:
		p := poll{Question: set.Poll.Question}
		for _, o := range set.Poll.Options {
			p.Options = append(p.Options, pollOption{Text: o})
		}
		p.Settings.Duration = set.Poll.Duration
		return &content{Poll: &p}
	case set.Link != nil:
		a := article{Source: set.Link.URL, Title: set.Link.Title, Description: set.Link.Description}
		if len(pr.Media) > 0 {
			a.Thumbnail = pr.Media[0].URN
		}
		return &content{Article: &a}
	case len(it.Media) > 1:
		var images multiImage
		for i, m := range it.Media {
			images.Images = append(images.Images, media{ID: pr.Media[i].URN, AltText: m.Alt})
		}
		return &content{MultiImage: &images}
	case len(it.Media) == 1:
		m := media{ID: pr.Media[0].URN}
		if it.Media[0].Kind == domain.MediaImage {
			m.AltText = it.Media[0].Alt
		} else {
			m.Title = cmp.Or(set.Title, it.Media[0].Name, "Document")
		}
		return &content{Media: &m}
	}
	return nil
}

// comment puts the later items of a thread below the post: comments of one
// level, in their order.
// https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/comments-api
func (c common) comment(ctx context.Context, t social.Target, it social.Item, pr progress) (social.Outcome, error) {
	post := postURN(*it.Root)
	in := newComment{Actor: c.author(t), Object: post}
	in.Message.Text = it.Text
	for _, m := range pr.Media {
		in.Content = append(in.Content, commentContent{Entity: commentEntity{Image: m.URN}})
	}
	var out comment
	resp, err := c.call(ctx, t, rest.Request{Method: http.MethodPost, Path: commentsPath(post), JSON: in, Out: &out}, "")
	if err != nil {
		return social.Outcome{}, err
	}
	out.ID = cmp.Or(out.ID, resp.Header.Get("X-Restli-Id"))
	if out.ID == "" {
		return social.Outcome{}, social.Errorf(social.CodeOutcomeUnknown, "LinkedIn did not say which comment this became.")
	}
	return social.Published(c.commentRef(post, out, it.Media)), nil
}

func commentsPath(post string) string { return "/rest/socialActions/" + escaped(post) + "/comments" }

// postURN is the post that a Ref is of, which may be one of its comments.
func postURN(ref social.Ref) string { return cmp.Or(ref.Extra[extraPost], ref.ID) }

func (c common) commentRef(post string, in comment, media []social.Media) social.Ref {
	urn := cmp.Or(in.URN, "urn:li:comment:("+post+","+in.ID+")")
	ref := social.Ref{
		ID: urn, URL: link(post) + "?" + url.Values{"commentUrn": {urn}}.Encode(),
		Extra: map[string]string{extraPost: post, extraComment: in.ID},
	}
	if print := fingerprint(media, Settings{}); print != "" {
		ref.Extra[extraMedia] = print
	}
	return ref
}

var urn = regexp.MustCompile(`urn:li:(?:share|ugcPost|activity):[0-9]+`)

// Resolve implements social.Resolver. A post of LinkedIn has the same name for
// everybody.
func (common) Resolve(_ context.Context, _ social.Target, ref social.Ref) (social.Ref, error) {
	if ref.ID != "" {
		return ref, nil
	}
	link, err := url.PathUnescape(ref.URL)
	found := urn.FindString(link)
	if err != nil || found == "" {
		return social.Ref{}, social.Errorf(social.CodeRejected, "This is not the link of a post on LinkedIn.")
	}
	return social.Ref{ID: found, URL: ref.URL}, nil
}

// path is where LinkedIn has the item at ref.
func (c common) path(t social.Target, ref social.Ref) string {
	if id := ref.Extra[extraComment]; id != "" {
		return commentsPath(ref.Extra[extraPost]) + "/" + url.PathEscape(id) + "?actor=" + escaped(c.author(t))
	}
	return "/rest/posts/" + escaped(ref.ID)
}

// Edit implements social.Editor. LinkedIn changes the text of a post and
// nothing else.
func (c common) Edit(ctx context.Context, t social.Target, ref social.Ref, it social.Item) (social.Ref, error) {
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return social.Ref{}, err
	}
	if ref.Extra[extraComment] != "" {
		set = Settings{} // They are of the post.
	}
	if ref.Extra[extraMedia] != fingerprint(it.Media, set) {
		return social.Ref{}, social.Errorf(social.CodeUnsupported, "LinkedIn lets only the text of a post be changed, not its files or its settings.")
	}
	patch := map[string]any{"patch": map[string]any{"$set": map[string]string{"commentary": littleText(it.Text)}}}
	if ref.Extra[extraComment] != "" {
		patch = map[string]any{"patch": map[string]any{"message": map[string]any{"$set": map[string]string{"text": it.Text}}}}
	}
	_, err = c.call(ctx, t, rest.Request{Method: http.MethodPost, Path: c.path(t, ref), JSON: patch}, "PARTIAL_UPDATE")
	return ref, err
}

// Delete implements social.Deleter.
func (c common) Delete(ctx context.Context, t social.Target, ref social.Ref) error {
	_, err := c.call(ctx, t, rest.Request{Method: http.MethodDelete, Path: c.path(t, ref), Reads: true}, "DELETE")
	if e := social.AsError(err); err != nil && e.Status == http.StatusNotFound {
		return nil
	}
	return err
}

// listed are URNs as the elements of a list in a query.
func listed(urns []string) string {
	out := make([]string, len(urns))
	for i, u := range urns {
		out[i] = escaped(u)
	}
	return strings.Join(out, ",")
}
