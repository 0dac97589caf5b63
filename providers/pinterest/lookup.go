package pinterest

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// maxPages bounds how many pages of boards are read.
const maxPages = 4

// Options implements social.OptionLister: the boards of the account, and the
// sections of the board that was chosen.
// https://developers.pinterest.com/docs/api/v5/boards-list
func (p *Provider) Options(ctx context.Context, t social.Target, q social.OptionQuery) ([]social.Option, error) {
	if err := rest.Over(ctx); err != nil {
		return nil, err
	}
	path, err := listOf(q)
	if err != nil || path == "" {
		return nil, err
	}
	var out []social.Option
	query := url.Values{"page_size": {"250"}}
	for range maxPages {
		var page list[board]
		if err := p.call(ctx, t, rest.Request{Method: http.MethodGet, Path: path, Query: query, Out: &page}); err != nil {
			return nil, err
		}
		for _, b := range page.Items {
			if b.ID != "" && strings.Contains(strings.ToLower(b.Name), strings.ToLower(q.Search)) {
				out = append(out, social.Option{Value: b.ID, Label: b.Name, Detail: detail(b)})
			}
		}
		if len(out) >= social.MaxOptions {
			return out[:social.MaxOptions], nil
		}
		if page.Bookmark == "" {
			break
		}
		query.Set("bookmark", page.Bookmark)
	}
	return out, nil
}

// listOf is where the list of a setting is; empty: there is none yet.
func listOf(q social.OptionQuery) (string, error) {
	switch q.Field {
	case "board":
		return "/boards", nil
	case "section":
		set, err := social.DecodeSettings[Settings](q.Settings)
		if err != nil || set.Board == "" {
			return "", err
		}
		return "/boards/" + url.PathEscape(set.Board) + "/sections", nil
	}
	return "", social.Errorf(social.CodeUnsupported, "There is nothing to look up here.")
}

// detail tells boards apart that not everybody sees.
func detail(b board) string {
	if b.Privacy == "PUBLIC" {
		return ""
	}
	return strings.ToLower(b.Privacy)
}
