package mastodon

import (
	"context"
	"net/http"
	"strings"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// Edit implements social.Editor. Who can see a post cannot be changed, and the
// votes of a poll are lost if its answers change. Files that were on the post
// before stay as they are, with their new description.
func (p *Provider) Edit(ctx context.Context, t social.Target, ref social.Ref, it social.Item) (social.Ref, error) {
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return social.Ref{}, err
	}
	ids, attrs, err := p.replaced(ctx, t, ref, it.Media)
	if err != nil {
		return social.Ref{}, err
	}
	var out status
	_, err = p.call(ctx, t, rest.Request{
		Method: http.MethodPut, Path: statusPath(ref.ID), Out: &out,
		JSON: editRequest{
			Status: it.Text, MediaIDs: ids, MediaAttributes: attrs, Poll: set.request(it),
			// A change that does not say so would uncover what the account hides.
			Sensitive:   set.Sensitive || t.Traits[traitSensitive] == "true",
			SpoilerText: set.SpoilerText, Language: set.Language, QuotePolicy: set.QuotePolicy,
		},
	})
	if err != nil {
		return social.Ref{}, gone(err)
	}
	next := refOf(out, it.Media)
	if out.ID == "" {
		next = ref
	}
	return next, nil
}

// replaced gives the uploads of a changed post: those of ref that hold the
// same files, and new ones for the rest.
func (p *Provider) replaced(ctx context.Context, t social.Target, ref social.Ref, media []social.Media) ([]string, []mediaAttribute, error) {
	ids, attrs := []string{}, []mediaAttribute(nil)
	kept := keptUploads(ref, len(media))
	for i, m := range media {
		if id := kept.take(i, fingerprint(m)); id != "" {
			ids, attrs = append(ids, id), append(attrs, mediaAttribute{ID: id, Description: m.Alt})
			continue
		}
		id, ready, err := p.upload(ctx, t, m)
		if err != nil {
			return nil, nil, err
		}
		if !ready {
			return nil, nil, social.Errorf(social.CodeUnsupported,
				"The server needs time for this file, so it cannot be put on a post that is out. Delete the post and publish it anew.")
		}
		ids = append(ids, id)
	}
	return ids, attrs, nil
}

// uploads are the ids on a post by the fingerprints of their files. Those of a
// post that was found without its files have none, and stay in their places.
type uploads struct {
	byPrint map[string][]string
	inPlace []string
}

func keptUploads(ref social.Ref, files int) uploads {
	u := uploads{byPrint: map[string][]string{}}
	list := ref.Extra[extraMedia]
	if list == "" {
		return u
	}
	for entry := range strings.SplitSeq(list, ",") {
		i := strings.LastIndex(entry, ":")
		if i < 0 {
			continue
		}
		id, print := entry[:i], entry[i+1:]
		if print == "" {
			u.inPlace = append(u.inPlace, id)
			continue
		}
		u.byPrint[print] = append(u.byPrint[print], id)
	}
	if len(u.inPlace) != files {
		u.inPlace = nil
	}
	return u
}

// take returns the upload for the file at i once; empty if there is none.
func (u uploads) take(i int, print string) string {
	if u.inPlace != nil {
		return u.inPlace[i]
	}
	ids := u.byPrint[print]
	if len(ids) == 0 {
		return ""
	}
	u.byPrint[print] = ids[1:]
	return ids[0]
}

// gone explains a post that cannot be changed. Servers before Mastodon 3.5
// have no such call, and answer as if there was no such post.
func gone(err error) error {
	e := social.AsError(err)
	switch e.Status {
	case http.StatusNotFound:
		e.Message = "The post is not there any more, or this server cannot change posts."
	case http.StatusMethodNotAllowed:
		e.Code, e.Message = social.CodeUnsupported, "This server cannot change posts."
	}
	return e
}

// Delete implements social.Deleter. Some servers do not have the call, and
// answer as if the post was gone: only a post that cannot be read is.
func (p *Provider) Delete(ctx context.Context, t social.Target, ref social.Ref) error {
	resp, err := p.call(ctx, t, rest.Request{Method: http.MethodDelete, Path: statusPath(ref.ID)})
	switch resp.Status {
	case http.StatusNotFound:
	case http.StatusGone:
		return nil
	default:
		return err
	}
	there, err := p.Confirm(ctx, t, ref)
	if err == nil && there {
		err = social.Errorf(social.CodeUnsupported, "This server does not let us delete posts.")
	}
	return err
}
