package httpapi

import (
	"context"
	"net/http"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/permit"
	"github.com/crierhq/crier/ports/social"
)

type providerBody struct {
	Identifier   string      `json:"identifier" doc:"Names the platform for ever."`
	Name         string      `json:"name"`
	Connect      connectWays `json:"connect"`
	Capabilities []string    `json:"capabilities" nullable:"false" doc:"What can be done there, beyond publishing."`
	Limits       limitsBody  `json:"limits" doc:"What an ordinary account may publish. Some accounts may more; see their integration."`
	Settings     object      `json:"settings" doc:"The choices an author has for one post, as JSON Schema."`
	Markup       string      `json:"markup" enum:"plain,markdown,html" doc:"What texts are written in."`
	Docs         string      `json:"docs,omitempty" doc:"The platform's own description of its API."`
}

type connectWays struct {
	Redirect     bool   `json:"redirect" doc:"Whether an account can be connected through a page of the platform."`
	Form         object `json:"form,omitempty" doc:"What a person types in to connect an account here, as JSON Schema; absent where that cannot be done."`
	RedirectForm object `json:"redirectForm,omitempty" doc:"What must be asked for before the redirect, as JSON Schema."`
}

type limitsBody struct {
	Text    textLimits  `json:"text"`
	Media   mediaLimits `json:"media"`
	Replies int         `json:"replies" doc:"How many items may follow the first; 0: no threads."`
}

type textLimits struct {
	Max       int    `json:"max" doc:"How long a text may be, in units of count; 0: as long as you like."`
	Count     string `json:"count,omitempty" doc:"What is counted: runes, utf16, graphemes or bytes."`
	MaxBytes  int    `json:"maxBytes,omitempty"`
	URLLength int    `json:"urlLength,omitempty" doc:"What every link counts as."`
	Required  bool   `json:"required,omitempty" doc:"Whether a file needs a text beside it."`
}

type mediaLimits struct {
	Required  bool        `json:"required,omitempty" doc:"Whether a post needs a file."`
	Images    int         `json:"images"`
	Videos    int         `json:"videos"`
	Documents int         `json:"documents"`
	Mixed     bool        `json:"mixed" doc:"Whether a post may have several kinds of files."`
	Max       int         `json:"max,omitempty" doc:"How many files of all kinds together."`
	Types     []mediaType `json:"types" nullable:"false"`
	Alt       int         `json:"alt,omitempty" doc:"How many characters a description may have; absent: any number."`
}

type mediaType struct {
	MIME      string `json:"mime"`
	MaxBytes  int64  `json:"maxBytes,omitempty"`
	MaxPixels int64  `json:"maxPixels,omitempty"`
}

type providersOutput struct {
	Body struct {
		Data []providerBody `json:"data" nullable:"false"`
	}
}

type providerOutput struct{ Body providerBody }

func (a *api) registerProviders() {
	handle(a, spec{
		id: "list-providers", method: http.MethodGet, path: "/integrations/providers", tag: tagIntegrations, status: http.StatusOK, needs: permission{permit.Channels, permit.Read},
		summary: "List the platforms", text: "The platforms that accounts can be connected of in this installation, with their limits and settings.",
	}, func(context.Context, *struct{ signedIn }) (*providersOutput, error) {
		out := &providersOutput{}
		out.Body.Data = a.providers()
		return out, nil
	})
	handle(a, spec{
		id: "get-provider", method: http.MethodGet, path: "/integrations/providers/{id}", tag: tagIntegrations, status: http.StatusOK, needs: permission{permit.Channels, permit.Read},
		summary: "Get a platform", text: "What it can do, its limits, and what is asked for to connect an account.", errors: []int{404},
	}, func(_ context.Context, in *struct {
		signedIn
		ID string `path:"id" doc:"The identifier of the platform."`
	},
	) (*providerOutput, error) {
		pf, err := a.eng.Channels.Catalog().Get(domain.ProviderID(in.ID))
		if err != nil {
			return nil, err
		}
		return &providerOutput{Body: fromPlatform(pf)}, nil
	})
	handle(a, spec{
		id: "examine-provider", method: http.MethodGet, path: "/integrations/providers/{id}/doctor", tag: tagIntegrations, status: http.StatusOK, needs: permission{permit.Channels, permit.Create},
		summary: "Find out why a platform does not work", text: "Looks at what is set up, at the address to register, at the clock, at whether the servers of the platform answer and ours can be reached, and at the sign-ins of your accounts there. It changes nothing, and takes up to ten seconds. It knows platforms that are not set up yet, too.",
		errors: []int{404, 429},
	}, a.examineProvider)
}

type findingBody struct {
	Check   string `json:"check" doc:"What was looked at: settings, redirect, scopes, clock, reach, media or token."`
	Level   string `json:"level" enum:"ok,warning,error"`
	Subject string `json:"subject,omitempty" doc:"What it is about, such as a setting, a host or an account."`
	Cause   string `json:"cause" doc:"What is so."`
	Fix     string `json:"fix,omitempty" doc:"What to do about it."`
	Link    string `json:"link,omitempty" format:"uri" doc:"Where to read on."`
}

type findingsOutput struct {
	Body struct {
		Data []findingBody `json:"data" nullable:"false" doc:"Errors first, then warnings."`
	}
}

func (a *api) examineProvider(ctx context.Context, in *struct {
	signedIn
	ID string `path:"id" doc:"The identifier of the platform."`
},
) (*findingsOutput, error) {
	found, err := a.eng.Doctor.Platform(ctx, in.actor, domain.ProviderID(in.ID))
	if err != nil {
		return nil, err
	}
	out := &findingsOutput{}
	out.Body.Data = make([]findingBody, len(found))
	for i, f := range found {
		out.Body.Data[i] = findingBody{Check: f.Check, Level: string(f.Level), Subject: f.Subject, Cause: f.Cause, Fix: f.Fix, Link: f.Link}
	}
	return out, nil
}

func schemaDoc(s social.Schema) object {
	b, err := s.MarshalJSON()
	if err != nil {
		return object("{}") // a schema is made of texts and numbers, which can always be written
	}
	return b
}

// providers lists the platforms. What is known of them never changes, so it is
// put together once.
func (a *api) providers() []providerBody { return a.providerList() }

func (a *api) makeProviders() []providerBody {
	all := a.eng.Channels.Catalog().All()
	out := make([]providerBody, len(all))
	for i, pf := range all {
		out[i] = fromPlatform(pf)
	}
	return out
}

func fromPlatform(pf core.Platform) providerBody {
	d := pf.Descriptor
	out := providerBody{
		Identifier: string(d.ID), Name: d.Name, Capabilities: pf.Can.Names(), Limits: fromLimits(d.Limits),
		Settings: schemaDoc(d.Settings), Markup: string(d.Markup), Docs: d.DocsURL,
	}
	if pf.Can.Form != nil {
		out.Connect.Form = schemaDoc(pf.Can.Form.ConnectForm())
	}
	if pf.Can.Redirect != nil {
		out.Connect.Redirect = true
		if form := pf.Can.Redirect.RedirectForm(); len(form.Fields()) > 0 {
			out.Connect.RedirectForm = schemaDoc(form)
		}
	}
	return out
}

func fromLimits(l social.Limits) limitsBody {
	out := limitsBody{
		Text: textLimits{Max: l.Text.Max, Count: string(l.Text.Count), MaxBytes: l.Text.MaxBytes, URLLength: l.Text.URLLength, Required: l.Text.Required},
		Media: mediaLimits{
			Required: l.Media.Required, Images: l.Media.Images, Videos: l.Media.Videos, Documents: l.Media.Documents,
			Mixed: l.Media.Mixed, Max: l.Media.Max, Alt: l.Media.Alt, Types: make([]mediaType, len(l.Media.Types)),
		},
		Replies: l.Replies,
	}
	for i, t := range l.Media.Types {
		out.Media.Types[i] = mediaType(t)
	}
	return out
}
