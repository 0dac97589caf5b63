package httpapi

import (
	"context"
	"net/http"
)

type linkBody struct {
	Token string `json:"token" minLength:"1" maxLength:"200" doc:"What the link in the mail has behind #token=." example:"kq3vX0s9Yw7mJt5Qb2Zr8nLd4HfTgEuPcAoViNxRyM0"`
}

type addressBody struct {
	Email string `json:"email" minLength:"1" maxLength:"254" doc:"The e-mail address of the account." example:"ann@example.org"`
}

type resetBody struct {
	Token    string `json:"token" minLength:"1" maxLength:"200" doc:"What the link in the mail has behind #token=." example:"kq3vX0s9Yw7mJt5Qb2Zr8nLd4HfTgEuPcAoViNxRyM0"`
	Password string `json:"password" maxLength:"256" doc:"The new password: at least 8 characters." example:"correct horse battery staple"`
}

// registerProofs adds what people do with the links in mails.
func (a *api) registerProofs() {
	handle(a, spec{
		id: "verify-email", method: http.MethodPost, path: "/auth/verify-email", tag: tagAuth, public: true, status: http.StatusNoContent,
		summary: "Prove an e-mail address", text: "With the token of the link that was mailed to it: after registering, or to change to this address (409 where somebody else has it). It works once, for 24 hours.",
		errors: []int{400, 409, 413, 415, 503},
	}, func(ctx context.Context, in *struct{ Body linkBody }) (*struct{}, error) {
		return nil, a.eng.Accounts.VerifyEmail(ctx, in.Body.Token)
	})
	handle(a, spec{
		id: "resend-verification", method: http.MethodPost, path: "/auth/resend-verification", tag: tagAuth, public: true, status: http.StatusAccepted,
		summary: "Ask for another mail that proves an address", text: "The answer is the same whether there is an account with this address or not, and whether it was proven already.",
		errors: []int{400, 413, 415, 503},
	}, func(ctx context.Context, in *struct{ Body addressBody }) (*struct{}, error) {
		return nil, a.eng.Accounts.ResendVerification(ctx, in.Body.Email)
	})
	handle(a, spec{
		id: "forgot-password", method: http.MethodPost, path: "/auth/forgot-password", tag: tagAuth, public: true, status: http.StatusAccepted,
		summary: "Ask for a new password", text: "Mails a link to choose one. The answer is the same whether there is an account with this address or not.",
		errors: []int{400, 413, 415, 503},
	}, func(ctx context.Context, in *struct{ Body addressBody }) (*struct{}, error) {
		return nil, a.eng.Accounts.ForgotPassword(ctx, in.Body.Email)
	})
	handle(a, spec{
		id: "reset-password", method: http.MethodPost, path: "/auth/reset-password", tag: tagAuth, public: true, status: http.StatusNoContent,
		summary: "Choose a new password", text: "With the token of the link that was mailed. It works once, for an hour, and not after the password was changed in another way. All sign-ins of the person end.",
		errors: []int{400, 413, 415, 503},
	}, func(ctx context.Context, in *struct{ Body resetBody }) (*struct{}, error) {
		return nil, a.eng.Accounts.ResetPassword(ctx, in.Body.Token, in.Body.Password)
	})
}
