package httpapi

import (
	"context"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"time"

	"github.com/crierhq/crier/ports/permit"

	"github.com/danielgtaylor/huma/v2"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
)

// signInCallbackPath is where services send people back to who sign in.
const signInCallbackPath = "/auth/callback/"

type listAuthProvidersOutput struct {
	Body struct {
		Data []authProviderBody `json:"data" nullable:"false"`
	}
}

type authProviderBody struct {
	ID   string `json:"id" doc:"Goes into the address of POST /auth/oauth/{provider}." example:"github"`
	Name string `json:"name" example:"GitHub"`
}

// oauthBody says where a person goes on who comes back from a service.
type oauthBody struct {
	ReturnTo string `json:"returnTo,omitempty" maxLength:"512" doc:"The path of a page of this server to go on at in the end, with the outcome behind a # sign. Without it, the callback answers itself." example:"/signed-in"`
}

type beginOAuthInput struct {
	Provider string `path:"provider" doc:"The id of the service."`
	Body     oauthBody
}

type beginLinkInput struct {
	signedIn
	Provider string `path:"id" doc:"The id of the service."`
	Body     oauthBody
}

type beginOAuthOutput struct {
	SetCookie string `header:"Set-Cookie" doc:"Ties the sign-in to this browser. It must come back with the callback and the exchange."`
	Body      struct {
		URL       string `json:"url" doc:"Where to send the person."`
		ExpiresAt string `json:"expiresAt" format:"date-time" doc:"Until when the person must be back."`
	}
}

type finishOAuthInput struct {
	raw
	Provider string `path:"provider" doc:"The id of the service."`
	State    string `query:"state" maxLength:"512" doc:"The proof of what was begun; it works once."`
	Code     string `query:"code" maxLength:"8192" doc:"What the service sends."`
	Issuer   string `query:"iss" maxLength:"2048" doc:"Who the service says that it is (RFC 9207)."`
	Error    string `query:"error" maxLength:"512" doc:"Why the service did not sign the person in. It may send more."`
}

type finishedOAuthBody struct {
	Code      string        `json:"code,omitempty" doc:"Gets the tokens from POST /auth/oauth/exchange, once. Missing where an account was linked."`
	ExpiresAt string        `json:"expiresAt,omitempty" format:"date-time" doc:"When the code ends."`
	Linked    *identityBody `json:"linked,omitempty" doc:"The account that was linked."`
}

type exchangeOAuthInput struct {
	raw
	Body struct {
		Code   string `json:"code" minLength:"1" maxLength:"512" doc:"What came behind the # sign, or in the answer of the callback."`
		Cookie bool   `json:"cookie,omitempty" doc:"Put the refresh token into a cookie that scripts cannot read, instead of the answer. For browsers."`
	}
}

type identityBody struct {
	ID        string `json:"id"`
	Provider  string `json:"provider" doc:"The id of the service." example:"github"`
	Email     string `json:"email" doc:"What the service told when the account was linked. It may be empty." example:"ann@example.org"`
	Name      string `json:"name" doc:"What the service told when the account was linked. It may be empty." example:"Ann"`
	CreatedAt string `json:"createdAt" format:"date-time"`
}

type listIdentitiesOutput struct {
	Body struct {
		Data []identityBody `json:"data" nullable:"false"`
	}
}

type identityInput struct {
	signedIn
	ID string `path:"id" doc:"The id of the linked account."`
}

func (a *api) registerOAuth() {
	handle(a, spec{
		id: "list-auth-providers", method: http.MethodGet, path: "/auth/providers", tag: tagAuth, public: true, status: http.StatusOK,
		summary: "List the services to sign in with", text: "Empty where people can only sign in with a password.",
	}, a.listAuthProviders)
	handle(a, spec{
		id: "begin-oauth", method: http.MethodPost, path: "/auth/oauth/{provider}", tag: tagAuth, public: true, status: http.StatusOK,
		summary: "Begin to sign in with a service", text: "Send the person to the address in the answer. They come back to GET /auth/callback/{provider}, in the same browser.",
		errors: []int{400, 404, 413, 415, 503},
	}, a.beginOAuth)
	op := handle(a, spec{
		id: "finish-oauth", method: http.MethodGet, path: signInCallbackPath + "{provider}", tag: tagAuth, public: true, anyQuery: true, status: http.StatusOK,
		summary: "Come back from a service", text: "Where services send people back to. With returnTo it redirects there, with #code=… or #linked=… or #error=… (a stable word); else it answers JSON, and a small page to a browser where something went wrong. It never holds tokens.",
		errors: []int{400, 401, 403, 404, 409, 503},
	}, a.finishOAuth)
	a.documentContent(op, map[string]*huma.Schema{
		"application/json": a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[finishedOAuthBody](), true, ""),
	})
	a.huma.OpenAPI().Paths[op.Path].Get.Responses["303"] = &huma.Response{Description: "On to the page that was asked for."}
	handle(a, spec{
		id: "exchange-oauth", method: http.MethodPost, path: "/auth/oauth/exchange", tag: tagAuth, public: true, status: http.StatusOK,
		summary: "Get the tokens of a sign-in with a service", text: "The code works once, for two minutes, in the browser in which the sign-in began. Who has a second factor is answered 401 with a challenge, as by POST /auth/login.",
		errors: []int{400, 401, 403, 413, 415, 503},
	}, a.exchangeOAuth)
	handle(a, spec{
		id: "list-identities", method: http.MethodGet, path: "/users/me/identities", tag: tagAuth, status: http.StatusOK, needs: permission{permit.Account, permit.Read},
		summary: "List the linked accounts", text: "The accounts at services that you can sign in with.",
	}, a.listIdentities)
	handle(a, spec{
		id: "begin-link", method: http.MethodPost, path: "/users/me/identities/{id}", tag: tagAuth, status: http.StatusOK, needs: permission{permit.Account, permit.Create},
		summary: "Begin to link an account", text: "As POST /auth/oauth/{provider}, but the account becomes one more way for you to sign in.",
		errors: []int{400, 404, 413, 415},
	}, a.beginLink)
	handle(a, spec{
		id: "unlink-identity", method: http.MethodDelete, path: "/users/me/identities/{id}", tag: tagAuth, status: http.StatusNoContent, needs: permission{permit.Account, permit.Delete},
		summary: "Unlink an account", text: "The last way in cannot be taken away: set a password or link another account first.",
		errors: []int{404, 409},
	}, a.unlinkIdentity)
}

func (a *api) listAuthProviders(context.Context, *struct{}) (*listAuthProvidersOutput, error) {
	out := &listAuthProvidersOutput{}
	out.Body.Data = []authProviderBody{}
	for _, d := range a.eng.Accounts.IdentityProviders() {
		out.Body.Data = append(out.Body.Data, authProviderBody{ID: d.ID, Name: d.Name})
	}
	return out, nil
}

func (a *api) beginOAuth(ctx context.Context, in *beginOAuthInput) (*beginOAuthOutput, error) {
	start, err := a.identityStart(in.Provider, in.Body)
	if err != nil {
		return nil, err
	}
	return a.identityStarted(a.eng.Accounts.BeginIdentity(ctx, in.Provider, start))
}

func (a *api) beginLink(ctx context.Context, in *beginLinkInput) (*beginOAuthOutput, error) {
	start, err := a.identityStart(in.Provider, in.Body)
	if err != nil {
		return nil, err
	}
	return a.identityStarted(a.eng.Accounts.BeginLink(ctx, in.actor, in.Provider, start))
}

func (a *api) identityStart(provider string, body oauthBody) (core.IdentityStart, error) {
	if body.ReturnTo != "" && !ownPath(body.ReturnTo) {
		return core.IdentityStart{}, fault.Check([]fault.Problem{{
			Field: "returnTo", Rule: "path", Message: "This must be the path of a page of this server, such as /signed-in, without a # sign.",
		}})
	}
	return core.IdentityStart{Callback: a.cfg.PublicURL + signInCallbackPath + url.PathEscape(provider), Return: body.ReturnTo}, nil
}

// ownPath reports whether s is a path that leads nowhere but to this server.
func ownPath(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme == "" && u.Host == "" && u.User == nil && strings.HasPrefix(s, "/") && !strings.HasPrefix(s, "//") &&
		!strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == '\\' || r == '#' || r > '~' })
}

func (a *api) identityStarted(s core.IdentityStarted, err error) (*beginOAuthOutput, error) {
	if err != nil {
		return nil, err
	}
	cookie := a.browserCookie()
	cookie.Value, cookie.MaxAge = s.Browser, int(s.ExpiresAt.Sub(a.cfg.Now())/time.Second)
	out := &beginOAuthOutput{SetCookie: cookie.String()}
	out.Body.URL, out.Body.ExpiresAt = s.URL, stamp(s.ExpiresAt)
	return out, nil
}

// browserCookie ties a sign-in at a service to one browser. It is sent along
// when another site leads the person here, which is how they come back.
func (a *api) browserCookie() http.Cookie {
	c := http.Cookie{Name: "crier-sign-in", Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if strings.HasPrefix(a.cfg.PublicURL, "https:") {
		// With this prefix, no other host can have put it there.
		c.Name, c.Secure = "__Host-"+c.Name, true
	}
	return c
}

// browser is the secret in the cookie of browserCookie.
func (a *api) browser(req *request) string { return cookieOf(req, a.browserCookie().Name) }

func (a *api) finishOAuth(ctx context.Context, in *finishOAuthInput) (*callbackOutput, error) {
	done, err := a.eng.Accounts.FinishIdentity(ctx, in.Provider, core.IdentityReturn{
		Browser: a.browser(in.req), State: in.State, Code: in.Code, Issuer: in.Issuer, Error: in.Error,
	})
	asked := wantsJSON(in.req.Header("Accept"))
	if err != nil {
		return a.oauthFailure(ctx, asked, done.Return, err)
	}
	if !asked && done.Return != "" {
		outcome := "code=" + url.QueryEscape(done.Code)
		if done.Linked != nil {
			outcome = "linked=" + url.QueryEscape(string(done.Linked.ID))
		}
		return a.goOn(done.Return, outcome), nil
	}
	body := finishedOAuthBody{Code: done.Code}
	if done.Linked != nil {
		linked := fromIdentity(*done.Linked)
		body.Linked = &linked
	} else {
		body.ExpiresAt = stamp(done.ExpiresAt)
	}
	return callbackJSON(body)
}

func (a *api) oauthFailure(ctx context.Context, asked bool, back string, err error) (*callbackOutput, error) {
	if asked {
		return nil, err
	}
	body := a.failure(ctx, err)
	if back != "" {
		return a.goOn(back, "error="+url.QueryEscape(body.Code)), nil
	}
	return callbackPage(body.StatusCode, "Not signed in", body.Message)
}

// goOn sends a browser to a page of this server. The outcome stands behind a #
// sign, so that no server, log or other site gets to see it.
func (a *api) goOn(path, outcome string) *callbackOutput {
	return &callbackOutput{Status: http.StatusSeeOther, Location: a.cfg.PublicURL + path + "#" + outcome}
}

func (a *api) exchangeOAuth(ctx context.Context, in *exchangeOAuthInput) (*sessionOutput, error) {
	if err := a.mayUseCookie(in.req, in.Body.Cookie); err != nil {
		return nil, err
	}
	s, err := a.eng.Accounts.ExchangeIdentity(ctx, in.Body.Code, a.browser(in.req), in.req.origin())
	return a.session(s, err, in.Body.Cookie)
}

func (a *api) listIdentities(ctx context.Context, in *signedIn) (*listIdentitiesOutput, error) {
	list, err := a.eng.Accounts.Identities(ctx, in.actor)
	if err != nil {
		return nil, err
	}
	out := &listIdentitiesOutput{}
	out.Body.Data = make([]identityBody, len(list))
	for i, v := range list {
		out.Body.Data[i] = fromIdentity(v)
	}
	return out, nil
}

func fromIdentity(i domain.Identity) identityBody {
	return identityBody{ID: string(i.ID), Provider: i.Provider, Email: i.Email, Name: i.Name, CreatedAt: stamp(i.CreatedAt)}
}

func (a *api) unlinkIdentity(ctx context.Context, in *identityInput) (*struct{}, error) {
	return nil, a.eng.Accounts.Unlink(ctx, in.actor, domain.IdentityID(in.ID))
}
