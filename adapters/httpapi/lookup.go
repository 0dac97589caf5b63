package httpapi

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/permit"
)

type optionsInput struct {
	signedIn
	ID       string `path:"id" doc:"The id of the integration."`
	Field    string `query:"field" maxLength:"64" doc:"The setting, by its name in the schema of the platform; those that can be looked up are marked x-lookup there."`
	Search   string `query:"search" maxLength:"200" doc:"What was typed so far."`
	Settings string `query:"settings" maxLength:"4096" doc:"The other settings that were chosen already, as JSON: some look-ups depend on them." example:"{\"community\":\"golang\"}"`
}

type settingOptionBody struct {
	Value  string `json:"value" doc:"What to put into the settings."`
	Label  string `json:"label" doc:"What people call it."`
	Detail string `json:"detail,omitempty"`
}

type optionsOutput struct {
	Body struct {
		Data []settingOptionBody `json:"data" nullable:"false" doc:"The most likely first, 100 at most. A value that is not among them may be good as well."`
	}
}

type mentionsInput struct {
	signedIn
	ID     string `path:"id" doc:"The id of the integration."`
	Search string `query:"search" maxLength:"200" doc:"A part of a name; empty: whoever comes first."`
}

type mentionBody struct {
	Text   string `json:"text" doc:"What to put into the text of the post."`
	Name   string `json:"name"`
	Handle string `json:"handle,omitempty"`
	URL    string `json:"url,omitempty"`
	Avatar string `json:"avatar,omitempty"`
}

type mentionsOutput struct {
	Body struct {
		Data []mentionBody `json:"data" nullable:"false" doc:"The most likely first, 100 at most."`
	}
}

// registerLookups adds what asks a platform while somebody composes.
func (a *api) registerLookups() {
	handle(a, spec{
		id: "list-options", method: http.MethodGet, path: "/integrations/{id}/lookup/options", tag: tagIntegrations, status: http.StatusOK, needs: permission{permit.Channels, permit.Read},
		summary: "Look up what a setting may be", text: "Boards, playlists, communities, channels: what only the platform knows. It is asked now, with the sign-in of the account.",
		errors: []int{400, 404, 409, 429, 503},
	}, a.listOptions)
	handle(a, spec{
		id: "list-mentions", method: http.MethodGet, path: "/integrations/{id}/lookup/mentions", tag: tagIntegrations, status: http.StatusOK, needs: permission{permit.Channels, permit.Read},
		summary: "Look up whom a post may mention", text: "People and pages whose name is like that, with what to write into the text.",
		errors: []int{400, 404, 409, 429, 503},
	}, a.listMentions)
}

func (a *api) listOptions(ctx context.Context, in *optionsInput) (*optionsOutput, error) {
	var settings json.RawMessage
	if in.Settings != "" {
		if !json.Valid([]byte(in.Settings)) {
			return nil, fault.Check([]fault.Problem{{Field: "settings", Rule: "malformed", Message: "This is not valid JSON."}})
		}
		settings = json.RawMessage(in.Settings)
	}
	list, err := a.eng.Channels.Options(ctx, in.actor, domain.ChannelID(in.ID), in.Field, in.Search, settings)
	if err != nil {
		return nil, err
	}
	out := &optionsOutput{}
	out.Body.Data = make([]settingOptionBody, len(list))
	for i, o := range list {
		out.Body.Data[i] = settingOptionBody(o)
	}
	return out, nil
}

func (a *api) listMentions(ctx context.Context, in *mentionsInput) (*mentionsOutput, error) {
	list, err := a.eng.Channels.Mentions(ctx, in.actor, domain.ChannelID(in.ID), in.Search)
	if err != nil {
		return nil, err
	}
	out := &mentionsOutput{}
	out.Body.Data = make([]mentionBody, len(list))
	for i, m := range list {
		out.Body.Data[i] = mentionBody(m)
	}
	return out, nil
}
