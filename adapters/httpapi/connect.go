package httpapi

import (
	"bytes"
	"context"
	"html/template"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/permit"
)

// callbackPath is where platforms send people back to.
const callbackPath = "/integrations/callback/"

// CallbackURL is where a platform sends people back to: what operators register
// there.
func CallbackURL(publicURL string, id domain.ProviderID) string {
	return strings.TrimRight(publicURL, "/") + callbackPath + url.PathEscape(string(id))
}

type connectInput struct {
	signedIn
	Body struct {
		Provider string         `json:"provider" minLength:"1" maxLength:"128" doc:"The identifier of the platform."`
		Fields   map[string]any `json:"fields,omitempty" maxProperties:"100" doc:"What the person typed in, by the schema that the platform names."`
		Method   string         `json:"method,omitempty" enum:"form,redirect" doc:"How to connect. Default: the platform's own page, where it has one."`
	}
}

type connectBody struct {
	Integration *integrationBody `json:"integration,omitempty" doc:"The connected account, with method form."`
	URL         string           `json:"url,omitempty" doc:"Where to send the person, with method redirect."`
	State       string           `json:"state,omitempty" doc:"Comes back with the person."`
	ExpiresAt   string           `json:"expiresAt,omitempty" format:"date-time" doc:"Until when the person must be back, or have chosen."`
	Choices     []choiceBody     `json:"choices,omitempty" nullable:"false" doc:"Where the sign-in leads to more than one place, such as several pages: what to choose from. Choose with the state beside it."`
}

type choiceBody struct {
	Account     string `json:"account" doc:"The platform's own id of it, to choose it by."`
	Name        string `json:"name"`
	Handle      string `json:"handle,omitempty"`
	URL         string `json:"url,omitempty" doc:"Where people see it."`
	Avatar      string `json:"avatar,omitempty"`
	Integration string `json:"integration,omitempty" doc:"The id of the integration that it is already. Choosing it gives that one a new sign-in."`
}

type chooseInput struct {
	raw
	Body struct {
		Provider string   `json:"provider" minLength:"1" maxLength:"128" doc:"The identifier of the platform."`
		State    string   `json:"state" minLength:"1" maxLength:"512" doc:"The proof of who chooses, from the answer that offered the choice. It works once."`
		Accounts []string `json:"accounts" minItems:"1" maxItems:"100" nullable:"false" doc:"The accounts of those that are to be connected."`
	}
}

type chooseOutput struct {
	Body struct {
		Data []integrationBody `json:"data" nullable:"false" doc:"The integrations, in the order of accounts."`
	}
}

type connectOutput struct {
	Status int
	Body   connectBody
}

type callbackInput struct {
	raw
	Provider string `path:"provider" doc:"The identifier of the platform."`
	State    string `query:"state" maxLength:"512" doc:"The proof of who began to connect; it works once."`
	Code     string `query:"code" doc:"What the platform sends. It may send more."`
}

type callbackOutput struct {
	Status      int
	ContentType string `header:"Content-Type"`
	Policy      string `header:"Content-Security-Policy" hidden:"true"`
	Location    string `header:"Location" hidden:"true"`
	Body        []byte
}

func (a *api) registerConnect() {
	op := handle(a, spec{
		id: "connect-integration", method: http.MethodPost, path: "/integrations/connect", tag: tagIntegrations, status: http.StatusOK, needs: permission{permit.Channels, permit.Create},
		summary: "Connect an account", text: "Platforms with a form answer 201 with the account. Platforms with a page of their own answer 200 with the address to send the person to. An account that is connected already gets a new credential and keeps its id.",
		errors: []int{400, 404, 413, 415, 429},
	}, a.connect)
	// Of two answers of success huma knows one.
	answers := a.huma.OpenAPI().Paths[op.Path].Post.Responses
	answers["201"] = &huma.Response{Description: "The account is connected.", Content: answers["200"].Content}
	op = handle(a, spec{
		id: "finish-connect", method: http.MethodGet, path: callbackPath + "{provider}", tag: tagIntegrations, status: http.StatusOK,
		public: true, anyQuery: true, errors: []int{400, 404, 429, 503},
		summary: "Come back from the platform", text: "Where platforms send people back to. It answers with a small page, or with JSON where the header Accept asks for it.",
	}, a.finishConnect)
	a.documentContent(op, map[string]*huma.Schema{
		"application/json": a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[connectBody](), true, ""),
		"text/html":        {Type: huma.TypeString},
	})
	handle(a, spec{
		id: "choose-accounts", method: http.MethodPost, path: "/integrations/connect/choose", tag: tagIntegrations, status: http.StatusOK,
		public: true, errors: []int{400, 404, 413, 415, 429, 503},
		summary: "Choose which accounts to connect", text: "Some sign-ins lead to several places, such as pages or servers: coming back from the platform then answers with choices and a state. That state is the proof of who chooses, so nobody needs to be signed in here. After an error it works again.",
	}, a.choose)
}

func (a *api) choose(ctx context.Context, in *chooseInput) (*chooseOutput, error) {
	channels, err := a.eng.Channels.Choose(ctx, domain.ProviderID(in.Body.Provider), in.Body.State, in.Body.Accounts)
	if err != nil {
		return nil, err
	}
	out := &chooseOutput{}
	for _, ch := range channels {
		out.Body.Data = append(out.Body.Data, a.fromChannel(ch))
	}
	return out, nil
}

func (a *api) connect(ctx context.Context, in *connectInput) (*connectOutput, error) {
	id := domain.ProviderID(in.Body.Provider)
	pf, err := a.eng.Channels.Catalog().Get(id)
	if err != nil {
		return nil, fault.Check([]fault.Problem{{Field: "provider", Rule: "not_found", Message: "There is no such platform in this installation."}})
	}
	values, err := textValues(in.Body.Fields)
	if err != nil {
		return nil, err
	}
	if in.Body.Method == "redirect" || in.Body.Method == "" && pf.Can.Redirect != nil {
		started, err := a.eng.Channels.Begin(ctx, in.actor, id, CallbackURL(a.cfg.PublicURL, id), values)
		if err != nil {
			return nil, err
		}
		return &connectOutput{Status: http.StatusOK, Body: connectBody{URL: started.URL, State: started.State, ExpiresAt: stamp(started.ExpiresAt)}}, nil
	}
	ch, err := a.eng.Channels.ConnectForm(ctx, in.actor, id, values)
	if err != nil {
		return nil, err
	}
	body := a.fromChannel(ch)
	return &connectOutput{Status: http.StatusCreated, Body: connectBody{Integration: &body}}, nil
}

// textValues reads what was typed into a form. Programs send numbers and truth
// values as what they are.
func textValues(fields map[string]any) (map[string]string, error) {
	out := make(map[string]string, len(fields))
	var problems []fault.Problem
	for name, v := range fields {
		switch v := v.(type) {
		case nil:
		case string:
			out[name] = v
		case bool:
			out[name] = strconv.FormatBool(v)
		case float64:
			out[name] = strconv.FormatFloat(v, 'f', -1, 64)
		default:
			problems = append(problems, fault.Problem{Field: "fields." + name, Rule: "type", Message: "This must be a text, a number, or true or false."})
		}
	}
	slices.SortFunc(problems, func(a, b fault.Problem) int { return strings.Compare(a.Field, b.Field) })
	return out, fault.Check(problems)
}

func (a *api) finishConnect(ctx context.Context, in *callbackInput) (*callbackOutput, error) {
	u := in.req.URL()
	query := map[string]string{}
	for name, values := range u.Query() {
		if name != "state" {
			query[name] = values[0]
		}
	}
	done, err := a.eng.Channels.Finish(ctx, domain.ProviderID(in.Provider), in.State, query)
	if wantsJSON(in.req.Header("Accept")) {
		if err != nil {
			return nil, err
		}
		return callbackJSON(a.fromFinished(done))
	}
	if err != nil {
		body := a.failure(ctx, err)
		return callbackPage(body.StatusCode, "Not connected", body.Message+" You can close this window and try again.")
	}
	if done.Choice != nil {
		return choicePage(in.Provider, *done.Choice)
	}
	return callbackPage(http.StatusOK, "Connected", "Connected: "+done.Channel.Name+". You can close this window.")
}

func (a *api) fromFinished(f core.Finished) connectBody {
	if f.Channel != nil {
		body := a.fromChannel(*f.Channel)
		return connectBody{Integration: &body}
	}
	out := connectBody{State: f.Choice.State, ExpiresAt: stamp(f.Choice.ExpiresAt)}
	for _, p := range f.Choice.Places {
		out.Choices = append(out.Choices, choiceBody{
			Account: p.Account, Name: p.Name, Handle: p.Handle, URL: p.URL, Avatar: p.Avatar, Integration: string(p.Channel),
		})
	}
	return out
}

// wantsJSON reports whether the header Accept asks for JSON and not for a page.
func wantsJSON(accept string) bool {
	return strings.Contains(accept, "json") && !strings.Contains(accept, "text/html")
}

const pageStyle = "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:20vh auto;padding:0 1rem}"

var pageTemplate = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{.Title}}</title>
<style>` + pageStyle + `</style></head><body><h1>{{.Title}}</h1><p>{{.Text}}</p></body></html>
`))

// callbackJSON answers a program.
func callbackJSON(v any) (*callbackOutput, error) {
	var b bytes.Buffer
	err := strictJSON().Marshal(&b, v)
	return &callbackOutput{Status: http.StatusOK, ContentType: "application/json", Policy: apiHeaders()["Content-Security-Policy"], Body: b.Bytes()}, err
}

// callbackPage answers a person.
func callbackPage(status int, title, text string) (*callbackOutput, error) {
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, struct{ Title, Text string }{title, text}); err != nil {
		return nil, err
	}
	return &callbackOutput{
		Status: status, ContentType: "text/html; charset=utf-8", Body: b.Bytes(),
		Policy: "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
	}, nil
}
