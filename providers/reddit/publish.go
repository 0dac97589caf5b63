package reddit

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
	"github.com/crierhq/crier/providers/kit/upload"
)

// progress is what a Cursor of this provider holds.
type progress struct {
	// File is the address of the only file, Poster that of the picture before a
	// video, Gallery are the ids of several pictures.
	File    string   `json:"file,omitempty"`
	Poster  string   `json:"poster,omitempty"`
	Gallery []string `json:"gallery,omitempty"`
	// Sent is the post, once Reddit has it and works on its file.
	Sent *sought `json:"sent,omitempty"`
}

// working is how long to leave Reddit alone with a file.
const working = 5 * time.Second

func (pr progress) cursor() (social.Cursor, error) {
	at := social.Cursor{Next: social.StepPublish}
	if pr.Sent != nil {
		at.Next, at.After = social.StepCheck, working
	}
	if pr.File == "" && len(pr.Gallery) == 0 && pr.Sent == nil {
		return at, nil
	}
	raw, err := json.Marshal(pr)
	if err != nil {
		return at, &social.Error{Code: social.CodeRejected, Message: "The progress of this post cannot be kept.", Err: err}
	}
	at.State = raw
	return at, nil
}

func progressOf(at social.Cursor) (progress, error) {
	var pr progress
	if len(at.State) > 0 && json.Unmarshal(at.State, &pr) != nil {
		return pr, social.Errorf(social.CodeRejected, "The progress of this post cannot be read. Try it again.")
	}
	return pr, nil
}

// Prepare implements social.Preparer: it asks what the community demands before
// it hands files over.
func (p *Provider) Prepare(ctx context.Context, t social.Target, it social.Item) (social.Cursor, error) {
	if err := rest.Over(ctx); err != nil {
		return social.Cursor{}, err
	}
	if it.Parent != nil {
		return social.Cursor{Next: social.StepPublish}, nil
	}
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return social.Cursor{}, err
	}
	if err := p.demands(ctx, t, it, set); err != nil {
		return social.Cursor{}, err
	}
	pr, err := p.upload(ctx, t, it)
	if err != nil {
		return social.Cursor{}, err
	}
	return pr.cursor()
}

// Check implements social.Preparer. Whether a post came of what was not heard of
// only Find can tell.
func (p *Provider) Check(ctx context.Context, t social.Target, at social.Cursor) (social.Outcome, error) {
	if err := rest.Over(ctx); err != nil {
		return social.Outcome{}, err
	}
	pr, err := progressOf(at)
	if err != nil {
		return social.Outcome{}, err
	}
	if pr.Sent != nil {
		ref, err := p.submitted(ctx, t, *pr.Sent)
		if err != nil {
			return social.Outcome{}, err
		}
		if ref != nil {
			return social.Published(*ref), nil
		}
	}
	next, err := pr.cursor()
	return social.Pending(next), err
}

// Publish implements social.Provider.
func (p *Provider) Publish(ctx context.Context, t social.Target, it social.Item, at social.Cursor) (social.Outcome, error) {
	if it.Parent != nil {
		return p.comment(ctx, t, it)
	}
	pr, err := progressOf(at)
	if err != nil {
		return social.Outcome{}, err
	}
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return social.Outcome{}, err
	}
	if len(it.Media) > 0 && pr.File == "" && len(pr.Gallery) != len(it.Media) {
		return social.Outcome{}, social.Errorf(social.CodeRejected, "The files of this post were not uploaded. Try it again.")
	}
	out, err := p.change(ctx, t, request(it, set, pr))
	if err != nil {
		return social.Outcome{}, err
	}
	if id := fullname("t3_", cmp.Or(out.JSON.Data.Name, out.JSON.Data.ID)); id != "" {
		return social.Published(refOf(id, out.JSON.Data.URL, it, set)), nil
	}
	if out.JSON.Data.Socket == "" && out.JSON.Data.Page == "" {
		return social.Outcome{}, social.Errorf(social.CodeOutcomeUnknown, "Reddit did not say which post this became.")
	}
	// The id is told on a web socket; the list of the account's posts has it too.
	sent := seek(it, set)
	next, err := progress{Sent: &sent}.cursor()
	return social.Pending(next), err
}

// request is what makes the post.
func request(it social.Item, set Settings, pr progress) rest.Request {
	switch {
	case len(pr.Gallery) > 0 || set.Poll != nil:
		path := "/api/submit_poll_post.json"
		if len(pr.Gallery) > 0 {
			path = "/api/submit_gallery_post.json"
		}
		return rest.Request{Method: http.MethodPost, Path: path, JSON: draftOf(it, set, pr)}
	default:
		return rest.Request{Method: http.MethodPost, Path: "/api/submit", Form: form(it, set, pr)}
	}
}

// draftOf is a gallery or a poll. Neither is in the documentation of the API;
// they are what Reddit's own pages send.
func draftOf(it social.Item, set Settings, pr progress) draft {
	d := draft{
		APIType: "json", Subreddit: set.Subreddit, Title: set.Title, Text: body(it), FlairID: set.Flair, FlairText: set.FlairText,
		NSFW: set.NSFW, Spoiler: set.Spoiler, SendReplies: !set.MuteReplies, Resubmit: true, Validate: true, AllErrors: true,
	}
	for i, id := range pr.Gallery {
		s := slide{Media: id}
		if i < len(set.Captions) {
			s.Caption = set.Captions[i]
		}
		d.Items = append(d.Items, s)
	}
	if set.Poll != nil {
		d.Options, d.Duration = set.Poll.Options, cmp.Or(set.Poll.Days, pollDays)
	}
	return d
}

// form is any other post. https://www.reddit.com/dev/api/#POST_api_submit
func form(it social.Item, set Settings, pr progress) url.Values {
	f := url.Values{
		"api_type": {"json"}, "sr": {set.Subreddit}, "title": {set.Title}, "kind": {"self"}, "text": {body(it)},
		"nsfw": {strconv.FormatBool(set.NSFW)}, "spoiler": {strconv.FormatBool(set.Spoiler)},
		"sendreplies": {strconv.FormatBool(!set.MuteReplies)}, "validate_on_submit": {"true"},
		// Every file is a new one; a link may be there already.
		"resubmit": {strconv.FormatBool(set.Link == "" || set.Resubmit)},
	}
	put := func(name, value string) {
		if value != "" {
			f.Set(name, value)
		}
	}
	put("flair_id", set.Flair)
	put("flair_text", set.FlairText)
	switch video, _ := split(it); {
	case set.Crosspost != "":
		f.Set("kind", "crosspost")
		f.Set("crosspost_fullname", postID(set.Crosspost))
	case set.Link != "":
		f.Set("kind", "link")
		f.Set("url", set.Link)
	case video != nil:
		f.Set("kind", "video")
		if set.GIF {
			f.Set("kind", "videogif")
		}
		f.Set("url", pr.File)
		f.Set("video_poster_url", pr.Poster)
	case pr.File != "":
		f.Set("kind", "image")
		f.Set("url", pr.File)
	}
	return f
}

// comment answers a post or a comment.
// https://www.reddit.com/dev/api/#POST_api_comment
func (p *Provider) comment(ctx context.Context, t social.Target, it social.Item) (social.Outcome, error) {
	out, err := p.change(ctx, t, rest.Request{
		Method: http.MethodPost, Path: "/api/comment",
		Form: url.Values{"api_type": {"json"}, "thing_id": {it.Parent.ID}, "text": {body(it)}},
	})
	if err != nil {
		return social.Outcome{}, err
	}
	for _, th := range out.JSON.Data.Things {
		if ref := th.Data.ref("t1_"); ref != nil {
			return social.Published(*ref), nil
		}
	}
	return social.Outcome{}, social.Errorf(social.CodeOutcomeUnknown, "Reddit did not say which comment this became.")
}

// fullname is an id with what it is of, which some answers leave out.
func fullname(kind, id string) string {
	if id == "" || strings.Contains(id, "_") {
		return id
	}
	return kind + id
}

// ref is where a thing is; nil: it has no id.
func (s thing) ref(kind string) *social.Ref {
	id := fullname(kind, cmp.Or(s.Name, s.ID))
	if id == "" {
		return nil
	}
	return &social.Ref{ID: id, URL: linkTo(id, s.Permalink)}
}

// linkTo is where people see a thing.
func linkTo(id, permalink string) string {
	if strings.HasPrefix(permalink, "/") {
		return site + permalink
	}
	if post, ok := strings.CutPrefix(id, "t3_"); ok {
		return site + "/comments/" + post + "/"
	}
	return site
}

// extraPrint is the Ref.Extra that tells Edit whether anything but the text
// changed.
const extraPrint = "print"

// refOf is where a post is, whose address Reddit told.
func refOf(id, address string, it social.Item, set Settings) social.Ref {
	if !strings.Contains(address, "/comments/") {
		address = linkTo(id, "")
	}
	return social.Ref{ID: id, URL: address, Extra: map[string]string{extraPrint: printOf(it, set)}}
}

// printOf tells posts apart by all but their text.
func printOf(it social.Item, set Settings) string {
	head, _ := json.Marshal(set) // Texts and numbers can always be written.
	return upload.Print(string(head)+"\n", it.Media)
}
