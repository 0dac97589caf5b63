package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/permit"
)

const tagPeople = "People"

type signInBody struct {
	ID         string `json:"id"`
	Current    bool   `json:"current" doc:"It is the one that asks."`
	UserAgent  string `json:"userAgent" doc:"How the program called itself when it was last used."`
	Network    string `json:"network" doc:"The network that it was last used from; not the single machine." example:"203.0.113.0/24"`
	CreatedAt  string `json:"createdAt" format:"date-time" doc:"When the person signed in."`
	LastUsedAt string `json:"lastUsedAt" format:"date-time" doc:"When it last got an access token."`
	ExpiresAt  string `json:"expiresAt" format:"date-time" doc:"When it ends unless it is used."`
}

type signInsOutput struct {
	Body struct {
		Data []signInBody `json:"data" nullable:"false"`
	}
}

type signInInput struct {
	signedIn
	ID string `path:"id" doc:"The id of the sign-in."`
}

type signedOutOutput struct {
	SetCookie []http.Cookie `header:"Set-Cookie"`
}

type passwordInput struct {
	signedIn
	Body struct {
		CurrentPassword string `json:"currentPassword" minLength:"1" maxLength:"1024" example:"correct horse battery staple"`
		NewPassword     string `json:"newPassword" maxLength:"256" doc:"At least 8 characters." example:"three new words here"`
	}
}

type emailInput struct {
	signedIn
	Body struct {
		Email    string `json:"email" minLength:"1" maxLength:"254" doc:"The new address." example:"ann@example.org"`
		Password string `json:"password" minLength:"1" maxLength:"1024" example:"correct horse battery staple"`
	}
}

func (a *api) registerSessions() {
	handle(a, spec{
		id: "logout", method: http.MethodPost, path: "/auth/logout", tag: tagAuth, status: http.StatusNoContent, needs: permission{permit.Account, permit.Delete},
		summary: "Sign out", text: "Ends this sign-in: its access and refresh tokens are good for nothing at once.",
	}, func(ctx context.Context, in *struct{ signedIn }) (*signedOutOutput, error) {
		return a.signedOut(in.req), a.eng.Accounts.EndSession(ctx, in.actor, in.actor.Session)
	})
	handle(a, spec{
		id: "logout-all", method: http.MethodPost, path: "/auth/logout-all", tag: tagAuth, status: http.StatusNoContent, needs: permission{permit.Account, permit.Delete},
		summary: "Sign out everywhere", text: "Ends all sign-ins of the person, this one too.",
	}, func(ctx context.Context, in *struct{ signedIn }) (*signedOutOutput, error) {
		return a.signedOut(in.req), a.eng.Accounts.EndSessions(ctx, in.actor)
	})
	handle(a, spec{
		id: "list-sessions", method: http.MethodGet, path: "/users/me/sessions", tag: tagPeople, status: http.StatusOK, needs: permission{permit.Account, permit.Read},
		summary: "List my sign-ins", text: "Those that live, the one that was used last first.",
	}, a.listSessions)
	handle(a, spec{
		id: "end-session", method: http.MethodDelete, path: "/users/me/sessions/{id}", tag: tagPeople, status: http.StatusNoContent, needs: permission{permit.Account, permit.Delete},
		summary: "End one of my sign-ins", text: "Its tokens are good for nothing at once.", errors: []int{404},
	}, func(ctx context.Context, in *signInInput) (*struct{}, error) {
		return nil, a.eng.Accounts.EndSession(ctx, in.actor, domain.SessionID(in.ID))
	})
	handle(a, spec{
		id: "change-password", method: http.MethodPut, path: "/users/me/password", tag: tagPeople, status: http.StatusNoContent, needs: permission{permit.Account, permit.Update},
		summary: "Change my password", text: "Ends all my other sign-ins. A mail tells of it.", errors: []int{400, 409, 413, 415, 429},
	}, func(ctx context.Context, in *passwordInput) (*struct{}, error) {
		return nil, a.eng.Accounts.ChangePassword(ctx, in.actor, in.Body.CurrentPassword, in.Body.NewPassword)
	})
	handle(a, spec{
		id: "change-email", method: http.MethodPost, path: "/users/me/email", tag: tagPeople, status: http.StatusAccepted, needs: permission{permit.Account, permit.Update},
		summary: "Change my e-mail address", text: "Mails a link to the new address. The address changes once the link is opened, and a mail tells the old one. The answer does not say whether somebody else has the address.",
		errors: []int{400, 409, 413, 415, 429, 503},
	}, func(ctx context.Context, in *emailInput) (*struct{}, error) {
		return nil, a.eng.Accounts.ChangeEmail(ctx, in.actor, in.Body.Email, in.Body.Password)
	})
}

// signedOut takes the cookie away, where there is one.
func (a *api) signedOut(req *request) *signedOutOutput {
	if cookieOf(req, refreshCookie) == "" {
		return &signedOutOutput{}
	}
	return &signedOutOutput{SetCookie: []http.Cookie{a.cookie("", time.Time{})}}
}

func (a *api) listSessions(ctx context.Context, in *struct{ signedIn }) (*signInsOutput, error) {
	all, err := a.eng.Accounts.Sessions(ctx, in.actor)
	if err != nil {
		return nil, err
	}
	out := &signInsOutput{}
	out.Body.Data = make([]signInBody, len(all))
	for i, s := range all {
		out.Body.Data[i] = fromSignIn(s, in.actor)
	}
	return out, nil
}

func fromSignIn(s domain.Session, asks domain.Actor) signInBody {
	return signInBody{
		ID: string(s.ID), Current: s.ID == asks.Session, UserAgent: s.UserAgent, Network: s.Address,
		CreatedAt: stamp(s.CreatedAt), LastUsedAt: stamp(s.LastUsedAt), ExpiresAt: stamp(s.ExpiresAt),
	}
}
