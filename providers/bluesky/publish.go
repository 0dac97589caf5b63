package bluesky

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// The extras of a Ref.
const (
	extraCID  = "cid"
	extraGate = "threadgate"
)

// Publish implements social.Provider. The record has a key of ours and the
// time of the first try, so the same call made again is the same to the byte
// and changes nothing.
func (p *Provider) Publish(ctx context.Context, t social.Target, it social.Item, at social.Cursor) (social.Outcome, error) {
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return social.Outcome{}, err
	}
	pr, err := progressOf(at)
	if err != nil {
		return social.Outcome{}, err
	}
	record, err := recordOf(t, it, set, pr)
	if err != nil {
		return social.Outcome{}, err
	}
	rkey := rkeyOf(t.Key, t.FirstTry)
	var out strongRef
	if err := p.put(ctx, t, feedPost, rkey, record, &out); err != nil {
		return social.Outcome{}, err
	}
	if out.URI == "" || out.CID == "" {
		return social.Outcome{}, social.Errorf(social.CodeOutcomeUnknown, "The server sent an answer that we cannot read.")
	}
	if set.gated(it) {
		if err := p.put(ctx, t, feedThreadgate, rkey, gateOf(out.URI, set, t), nil); err != nil {
			return social.Outcome{}, gateLost(err)
		}
	}
	return social.Published(refOf(t, rkey, out, set.gated(it))), nil
}

func (p *Provider) put(ctx context.Context, t social.Target, collection, rkey string, record any, out *strongRef) error {
	r := rest.Request{
		Bearer: t.Credential.Access,
		JSON:   putRecordInput{Repo: t.Account, Collection: collection, Rkey: rkey, Record: record},
	}
	if out != nil {
		r.Out = out
	}
	_, err := p.call(ctx, p.host(t), putRecord, r)
	return err
}

// gateLost says that the post is out without its reply control. Find then says
// that the item is not there, and the same Publish made again completes it.
func gateLost(err error) error {
	e := social.AsError(err)
	return &social.Error{
		Code: social.CodeOutcomeUnknown, Status: e.Status, Evidence: e.Evidence, Err: e,
		Message: "The post is out, but who may reply to it could not be set.",
	}
}

func recordOf(t social.Target, it social.Item, set Settings, pr progress) (post, error) {
	if len(pr.Blobs) != len(it.Media) {
		return post{}, &social.Error{
			Code: social.CodeUnavailable, Restart: true, Message: "The files are not uploaded yet.",
		}
	}
	out := post{
		Type: feedPost, Text: it.Text,
		Facets: facetsOf(spansOf(it.Text), pr.Dids),
		Embed:  embedOf(it, set, pr),
		Langs:  set.Langs, Tags: set.Tags,
		CreatedAt: timeOf(t),
	}
	if len(set.Labels) > 0 {
		out.Labels = &labels{Type: "com.atproto.label.defs#selfLabels"}
		for _, v := range set.Labels {
			out.Labels.Values = append(out.Labels.Values, label{Val: v})
		}
	}
	if it.Parent != nil && it.Root != nil {
		out.Reply = &reply{Root: strongRefOf(*it.Root, pr.Root), Parent: strongRefOf(*it.Parent, pr.Parent)}
		if out.Reply.Root.CID == "" || out.Reply.Parent.CID == "" {
			return post{}, &social.Error{
				Code: social.CodeUnavailable, Restart: true, Message: "The post that this one answers is not looked up yet.",
			}
		}
	}
	return out, nil
}

func embedOf(it social.Item, set Settings, pr progress) any {
	switch {
	case len(it.Media) == 0 && pr.Card != nil:
		link, _ := set.cardURL(it)
		e := embedExternal{Type: "app.bsky.embed.external", External: external{
			URI: link, Title: pr.Card.Title, Description: pr.Card.Description,
		}}
		if pr.Card.Thumb != nil {
			b := pr.Card.Thumb.blob()
			e.External.Thumb = &b
		}
		return e
	case len(it.Media) == 0:
		return nil
	case it.Media[0].Kind == domain.MediaVideo:
		return embedVideo{
			Type: "app.bsky.embed.video", Video: pr.Blobs[0].blob(),
			Alt: it.Media[0].Alt, AspectRatio: ratioOf(it.Media[0]),
		}
	}
	e := embedImages{Type: "app.bsky.embed.images"}
	for i, m := range it.Media {
		e.Images = append(e.Images, embedImage{Image: pr.Blobs[i].blob(), Alt: m.Alt, AspectRatio: ratioOf(m)})
	}
	return e
}

func ratioOf(m social.Media) *aspectRatio {
	if m.Width <= 0 || m.Height <= 0 {
		return nil
	}
	return &aspectRatio{Width: m.Width, Height: m.Height}
}

func strongRefOf(r social.Ref, resolved *strongRef) strongRef {
	if resolved != nil {
		return *resolved
	}
	return strongRef{URI: r.ID, CID: r.Extra[extraCID]}
}

var gateRules = map[string][]gateRule{
	"nobody":    {},
	"mentioned": {{Type: feedThreadgate + "#mentionRule"}},
	"following": {{Type: feedThreadgate + "#followingRule"}},
	"followers": {{Type: feedThreadgate + "#followerRule"}},
}

func gateOf(uri string, set Settings, t social.Target) threadgate {
	return threadgate{Type: feedThreadgate, Post: uri, Allow: gateRules[set.Replies], CreatedAt: timeOf(t)}
}

// Check implements social.Preparer. Before a Publish only a video needs it;
// after one it reads whether the record is there.
func (p *Provider) Check(ctx context.Context, t social.Target, at social.Cursor) (social.Outcome, error) {
	pr, err := progressOf(at)
	if err != nil {
		return social.Outcome{}, err
	}
	if pr.Job != "" {
		return p.poll(ctx, pr)
	}
	ref, err := p.seek(ctx, t, pr.Gated)
	if err != nil {
		return social.Outcome{}, err
	}
	if ref != nil {
		return social.Published(*ref), nil
	}
	return social.Pending(social.Cursor{Next: social.StepPublish, State: at.State}), nil
}

// Find implements social.Finder. The account's own server answers, without
// delay, so what is not there was not written.
func (p *Provider) Find(ctx context.Context, t social.Target, it social.Item) (*social.Ref, error) {
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return nil, err
	}
	return p.seek(ctx, t, set.gated(it))
}

// seek reads the post of t.Key, and its threadgate where it must have one. It
// returns nil unless all is there.
func (p *Provider) seek(ctx context.Context, t social.Target, gated bool) (*social.Ref, error) {
	at := location{repo: t.Account, collection: feedPost, rkey: rkeyOf(t.Key, t.FirstTry)}
	found, err := p.read(ctx, t, at)
	if err != nil || found == nil {
		return nil, err
	}
	if gated {
		gate, err := p.read(ctx, t, location{repo: at.repo, collection: feedThreadgate, rkey: at.rkey})
		if err != nil || gate == nil {
			return nil, err
		}
	}
	ref := refOf(t, at.rkey, *found, gated)
	return &ref, nil
}

// Confirm implements social.Confirmer.
func (p *Provider) Confirm(ctx context.Context, t social.Target, ref social.Ref) (bool, error) {
	at, ok := locate(ref)
	if !ok {
		return false, social.Errorf(social.CodeRejected, "This is not the address of a Bluesky post.")
	}
	found, err := p.read(ctx, t, at)
	return found != nil, err
}

// read reads a record without a token, as anybody can. It returns nil if there
// is none.
func (p *Provider) read(ctx context.Context, t social.Target, at location) (*strongRef, error) {
	var out strongRef
	resp, err := p.call(ctx, p.host(t), getRecord, rest.Request{
		Method: http.MethodGet, Out: &out,
		Query: url.Values{"repo": {at.repo}, "collection": {at.collection}, "rkey": {at.rkey}},
	})
	if err != nil {
		if missing(resp.Body) {
			return nil, nil
		}
		return nil, err
	}
	return &out, nil
}

// Delete implements social.Deleter. Deleting what is gone is no error to the
// platform.
func (p *Provider) Delete(ctx context.Context, t social.Target, ref social.Ref) error {
	at, ok := locate(ref)
	if !ok {
		return social.Errorf(social.CodeRejected, "This is not the address of a Bluesky post.")
	}
	collections := []string{feedPost}
	if ref.Extra[extraGate] != "" {
		collections = append(collections, feedThreadgate)
	}
	for _, c := range collections {
		_, err := p.call(ctx, p.host(t), deleteRecord, rest.Request{
			Bearer: t.Credential.Access,
			JSON:   deleteRecordInput{Repo: t.Account, Collection: c, Rkey: at.rkey},
			// A deletion whose answer is lost may simply be made again.
			Reads: true,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func refOf(t social.Target, rkey string, r strongRef, gated bool) social.Ref {
	extra := map[string]string{extraCID: r.CID}
	if gated {
		extra[extraGate] = "true"
	}
	return social.Ref{ID: r.URI, URL: appURL + "/profile/" + t.Account + "/post/" + rkey, Extra: extra}
}

// location names a record.
type location struct{ repo, collection, rkey string }

// locate reads where a post is: from its at:// address, or from its page on
// bsky.app where only a link is known.
func locate(ref social.Ref) (location, bool) {
	for _, s := range []string{ref.ID, ref.URL} {
		if rest, ok := strings.CutPrefix(s, "at://"); ok {
			if p := strings.Split(rest, "/"); len(p) == 3 && p[0] != "" && p[1] != "" && p[2] != "" {
				return location{repo: p[0], collection: p[1], rkey: p[2]}, true
			}
		}
		if rest, ok := strings.CutPrefix(s, appURL+"/profile/"); ok {
			if p := strings.Split(strings.Trim(rest, "/"), "/"); len(p) == 3 && p[0] != "" && p[1] == "post" && p[2] != "" {
				return location{repo: p[0], collection: feedPost, rkey: p[2]}, true
			}
		}
	}
	return location{}, false
}

func timeOf(t social.Target) string { return t.FirstTry.UTC().Format("2006-01-02T15:04:05.000Z") }

// rkeyOf makes the key of a record: a TID, see https://atproto.com/specs/tid.
// The time is that of the first try. Its last ten bits and the clock id come
// from the key instead, so that two items of one instant differ.
func rkeyOf(key string, first time.Time) string {
	const alphabet = "234567abcdefghijklmnopqrstuvwxyz"
	sum := sha256.Sum256([]byte(key))
	own := uint64(binary.BigEndian.Uint32(sum[:4]))
	micros := uint64(max(0, first.UnixMicro()))
	v := (micros&^1023|own>>10&1023)<<10 | own&1023
	v &= 1<<63 - 1
	var out [13]byte
	for i := len(out) - 1; i >= 0; i-- {
		out[i] = alphabet[v&31]
		v >>= 5
	}
	return string(out[:])
}
