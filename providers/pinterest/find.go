package pinterest

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// skew is how far the platform's clock may be behind ours.
const skew = time.Minute

// Find implements social.Finder: it compares what an author can see with the
// newest pins of the board.
// https://developers.pinterest.com/docs/api/v5/boards-list_pins
func (p *Provider) Find(ctx context.Context, t social.Target, it social.Item) (*social.Ref, error) {
	if err := rest.Over(ctx); err != nil {
		return nil, err
	}
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return nil, err
	}
	if words(it.Text+set.Title) == "" {
		return nil, nil
	}
	path := "/boards/" + url.PathEscape(set.Board)
	if set.Section != "" {
		path += "/sections/" + url.PathEscape(set.Section)
	}
	var page list[pin]
	err = p.call(ctx, t, rest.Request{Method: http.MethodGet, Path: path + "/pins", Query: url.Values{"page_size": {"50"}}, Out: &page})
	if err != nil {
		return nil, err
	}
	near := slices.DeleteFunc(page.Items, func(s pin) bool {
		return !s.since(t.FirstTry.Add(-skew)) || words(s.Description) != words(it.Text) || words(s.Title) != words(set.Title) || !s.leadsTo(set.Link)
	})
	if len(near) != 1 {
		return nil, nil
	}
	ref := refOf(near[0].ID, it, set)
	return &ref, nil
}

func pinPath(id string) string { return "/pins/" + url.PathEscape(id) }

// Confirm implements social.Confirmer.
func (p *Provider) Confirm(ctx context.Context, t social.Target, ref social.Ref) (bool, error) {
	err := p.call(ctx, t, rest.Request{Method: http.MethodGet, Path: pinPath(ref.ID)})
	if missing(err) {
		return false, nil
	}
	return err == nil, err
}

// Edit implements social.Editor. The files, the colour and the moment of the
// cover stay.
// https://developers.pinterest.com/docs/api/v5/pins-update
func (p *Provider) Edit(ctx context.Context, t social.Target, ref social.Ref, it social.Item) (social.Ref, error) {
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return social.Ref{}, err
	}
	if was := ref.Extra[extraPrint]; was != "" && was != refOf(ref.ID, it, set).Extra[extraPrint] {
		return social.Ref{}, social.Errorf(social.CodeUnsupported, "The files of a pin, its colour and the moment of its cover cannot be changed. Delete the pin and publish it anew.")
	}
	err = p.call(ctx, t, rest.Request{
		Method: http.MethodPatch, Path: pinPath(ref.ID),
		JSON: editRequest{
			BoardID: set.Board, BoardSectionID: orNull(set.Section), Title: set.Title, Description: it.Text,
			Link: orNull(set.Link), AltText: orNull(altOf(it)),
		},
	})
	if err != nil {
		return social.Ref{}, err
	}
	return ref, nil
}

// orNull clears what is empty: an empty text is no number and no address.
func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// Delete implements social.Deleter.
func (p *Provider) Delete(ctx context.Context, t social.Target, ref social.Ref) error {
	err := p.call(ctx, t, rest.Request{Method: http.MethodDelete, Path: pinPath(ref.ID)})
	if missing(err) {
		return nil
	}
	return err
}
