package httpapi

import (
	"context"
	"net/http"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/fault"
)

const tagAuth = "Sign-in"

type registerBody struct {
	Email        string `json:"email" maxLength:"254" doc:"The e-mail address to sign in with." example:"ann@example.org"`
	Password     string `json:"password" maxLength:"256" doc:"At least 8 characters." example:"correct horse battery staple"`
	Name         string `json:"name,omitempty" maxLength:"128" doc:"How to address the person." example:"Ann"`
	Organization string `json:"organization,omitempty" maxLength:"128" doc:"The name of the new organization. Default: made from the name." example:"Example Ltd."`
	Timezone     string `json:"timezone,omitempty" maxLength:"64" doc:"The IANA time zone of the organization. Default: UTC." example:"Europe/Berlin"`
	Cookie       bool   `json:"cookie,omitempty" doc:"Put the refresh token into a cookie that scripts cannot read, instead of the answer. For browsers."`
}

type loginBody struct {
	Email    string `json:"email" minLength:"1" maxLength:"254" example:"ann@example.org"`
	Password string `json:"password" minLength:"1" maxLength:"1024" example:"correct horse battery staple"`
	Cookie   bool   `json:"cookie,omitempty" doc:"Put the refresh token into a cookie that scripts cannot read, instead of the answer. For browsers."`
}

type refreshBody struct {
	RefreshToken string `json:"refreshToken,omitempty" maxLength:"512" doc:"The newest refresh token. Absent: the one in the cookie; the next one goes there, too."`
}

type sessionBody struct {
	AccessToken      string           `json:"accessToken" doc:"Goes into the header Authorization, after the word Bearer."`
	RefreshToken     string           `json:"refreshToken,omitempty" doc:"Gets the next access token, once. Absent where it is in the cookie."`
	TokenType        string           `json:"tokenType" example:"Bearer"`
	ExpiresIn        int              `json:"expiresIn" doc:"For how many seconds the access token is good." example:"3600"`
	RefreshExpiresAt string           `json:"refreshExpiresAt" format:"date-time"`
	User             userBody         `json:"user"`
	Organization     organizationBody `json:"organization"`
}

type userBody struct {
	ID    string `json:"id"`
	Email string `json:"email" example:"ann@example.org"`
	Name  string `json:"name" example:"Ann"`
}

type organizationBody struct {
	ID       string `json:"id"`
	Name     string `json:"name" example:"Example Ltd."`
	Timezone string `json:"timezone" example:"Europe/Berlin"`
	Role     string `json:"role" enum:"owner,admin,user,viewer" doc:"What the person may do in it."`
	EndsAt   string `json:"endsAt,omitempty" format:"date-time" doc:"When it is deleted with everything that belongs to it, if somebody wants that."`
}

type sessionOutput struct {
	SetCookie []http.Cookie `header:"Set-Cookie"`
	Body      sessionBody
}

func (a *api) registerAuth() {
	handle(a, spec{
		id: "register", method: http.MethodPost, path: "/auth/register", tag: tagAuth, public: true, status: http.StatusCreated,
		summary: "Register a person", text: "Makes an account and an organization that it owns, and signs the person in. An installation may allow this to nobody, or to the first person only. Where people must prove their e-mail address first, the account is made all the same, and the answer is 403 with the code email_unverified.",
		errors: []int{400, 403, 409, 413, 415, 503},
	}, a.register)
	handle(a, spec{
		id: "login", method: http.MethodPost, path: "/auth/login", tag: tagAuth, public: true, status: http.StatusOK,
		summary: "Sign in", text: "A wrong password and an unknown address get the same answer, and too many guesses make both wait (429). Who has a second factor is answered 401 with the code second_factor_required and a challenge, which goes to POST /auth/login/totp with the code. Who knows the password and must prove the e-mail address first gets 403 with the code email_unverified.",
		errors: []int{400, 401, 403, 413, 415, 429, 503},
	}, a.login)
	handle(a, spec{
		id: "refresh", method: http.MethodPost, path: "/auth/refresh", tag: tagAuth, public: true, status: http.StatusOK,
		summary: "Get a new access token", text: "Each refresh token works once; the answer holds the next one. The one before the newest gets the same answer once more within ten seconds, for answers that got lost. Showing an old one again ends the sign-in, because somebody must have copied it.",
		errors: []int{400, 401, 403, 413, 415, 503},
	}, a.refresh)
}

func (a *api) register(ctx context.Context, in *struct {
	raw
	Body registerBody
},
) (*sessionOutput, error) {
	b := in.Body
	if err := a.mayUseCookie(in.req, b.Cookie); err != nil {
		return nil, err
	}
	s, err := a.eng.Accounts.Register(ctx, core.RegisterInput{
		Email: b.Email, Password: b.Password, Name: b.Name, Organization: b.Organization, Zone: b.Timezone, From: in.req.origin(),
	})
	return a.session(s, err, b.Cookie)
}

func (a *api) login(ctx context.Context, in *struct {
	raw
	Body loginBody
},
) (*sessionOutput, error) {
	if err := a.mayUseCookie(in.req, in.Body.Cookie); err != nil {
		return nil, err
	}
	s, err := a.eng.Accounts.Login(ctx, core.LoginInput{Email: in.Body.Email, Password: in.Body.Password, From: in.req.origin()})
	return a.session(s, err, in.Body.Cookie)
}

func (a *api) refresh(ctx context.Context, in *struct {
	raw
	Body refreshBody
},
) (*sessionOutput, error) {
	token, cookie := in.Body.RefreshToken, false
	if token == "" {
		if err := a.mayUseCookie(in.req, true); err != nil {
			return nil, err
		}
		token, cookie = cookieOf(in.req, refreshCookie), true
	}
	s, err := a.eng.Accounts.Refresh(ctx, token, in.req.origin())
	return a.session(s, err, cookie)
}

// session is the answer to somebody who has just proven who they are. cookie
// says where the refresh token goes.
func (a *api) session(s core.SignedIn, err error, cookie bool) (*sessionOutput, error) {
	if err != nil {
		return nil, err
	}
	if s.Session == "" {
		return nil, fault.New(fault.Denied, "email_unverified", "Your account is made. Open the link in the mail that we sent to you, and then sign in.")
	}
	access, err := a.tokens.issue(s.User, s.Organization.ID, s.Session)
	if err != nil {
		return nil, err
	}
	out := &sessionOutput{Body: sessionBody{
		AccessToken: access, RefreshToken: s.Refresh, TokenType: "Bearer", ExpiresIn: int(accessLife.Seconds()),
		RefreshExpiresAt: stamp(s.RefreshExpires),
		User:             userBody{ID: string(s.User.ID), Email: s.User.Email, Name: s.User.Name},
		Organization:     fromOrganization(s.Organization, s.Role),
	}}
	if cookie {
		out.SetCookie, out.Body.RefreshToken = []http.Cookie{a.cookie(s.Refresh, s.RefreshExpires)}, ""
	}
	return out, nil
}
