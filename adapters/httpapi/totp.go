package httpapi

import (
	"context"
	"net/http"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/ports/permit"
)

// challengeBody asks for the second step of a sign-in.
type challengeBody struct {
	Token     string `json:"token" doc:"Proves that the first step was right; it goes to POST /auth/login/totp."`
	ExpiresAt string `json:"expiresAt" format:"date-time"`
}

type codeLoginBody struct {
	Challenge string `json:"challenge" minLength:"1" maxLength:"128" doc:"The token of the challenge."`
	Code      string `json:"code" minLength:"1" maxLength:"64" doc:"What the phone shows, or a recovery code." example:"123456"`
	Cookie    bool   `json:"cookie,omitempty" doc:"Put the refresh token into a cookie that scripts cannot read, instead of the answer. For browsers."`
}

type secondFactorBody struct {
	Active            bool   `json:"active" doc:"A code is asked for at every sign-in."`
	Since             string `json:"since,omitempty" format:"date-time"`
	RecoveryCodesLeft int    `json:"recoveryCodesLeft"`
}

type secondFactorOutput struct{ Body secondFactorBody }

func fromFactor(f core.FactorStatus) secondFactorBody {
	return secondFactorBody{Active: !f.Since.IsZero(), Since: stamp(f.Since), RecoveryCodesLeft: f.RecoveryLeft}
}

type enrollInput struct {
	signedIn
	Body struct {
		Password string `json:"password" minLength:"1" maxLength:"1024" example:"correct horse battery staple"`
	}
}

type enrollOutput struct {
	Body struct {
		Secret string `json:"secret" doc:"To be typed into the phone." example:"JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"`
		URI    string `json:"uri" doc:"The same, to be shown as a picture." example:"otpauth://totp/Crier:ann@example.org?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Crier"`
	}
}

type confirmInput struct {
	signedIn
	Body struct {
		Code string `json:"code" minLength:"1" maxLength:"64" doc:"What the phone shows." example:"123456"`
	}
}

type secondFactorInput struct {
	signedIn
	Body struct {
		Password string `json:"password" minLength:"1" maxLength:"1024" example:"correct horse battery staple"`
		Code     string `json:"code" minLength:"1" maxLength:"64" doc:"What the phone shows, or a recovery code." example:"123456"`
	}
}

type recoveryOutput struct {
	Body struct {
		RecoveryCodes []string `json:"recoveryCodes" nullable:"false" doc:"Each is good once where the phone is lost. They are shown this once."`
	}
}

func recovery(codes []string, err error) (*recoveryOutput, error) {
	out := &recoveryOutput{}
	out.Body.RecoveryCodes = codes
	return out, err
}

func (a *api) registerTOTP() {
	handle(a, spec{
		id: "login-totp", method: http.MethodPost, path: "/auth/login/totp", tag: tagAuth, public: true, status: http.StatusOK,
		summary: "Sign in: the second step", text: "Takes the challenge of POST /auth/login or POST /auth/oauth/exchange, within five minutes, and a code. Each code works once.", errors: []int{400, 401, 403, 409, 413, 415, 429, 503},
	}, func(ctx context.Context, in *struct {
		raw
		Body codeLoginBody
	},
	) (*sessionOutput, error) {
		if err := a.mayUseCookie(in.req, in.Body.Cookie); err != nil {
			return nil, err
		}
		s, err := a.eng.Accounts.LoginWithCode(ctx, in.Body.Challenge, in.Body.Code, in.req.origin())
		return a.session(s, err, in.Body.Cookie)
	})
	handle(a, spec{
		id: "get-second-factor", method: http.MethodGet, path: "/users/me/second-factor", tag: tagPeople, status: http.StatusOK, needs: permission{permit.Account, permit.Read},
		summary: "Do I have a second factor?", text: "And how many recovery codes are left.",
	}, func(ctx context.Context, in *struct{ signedIn }) (*secondFactorOutput, error) {
		f, err := a.eng.Accounts.SecondFactor(ctx, in.actor)
		return &secondFactorOutput{Body: fromFactor(f)}, err
	})
	handle(a, spec{
		id: "enroll-second-factor", method: http.MethodPost, path: "/users/me/second-factor", tag: tagPeople, status: http.StatusOK, needs: permission{permit.Account, permit.Create},
		summary: "Begin with a second factor", text: "Makes a secret for a program on a phone that shows codes (TOTP, RFC 6238). Nothing is asked for until a code has confirmed it.",
		errors: []int{400, 409, 413, 415, 429},
	}, func(ctx context.Context, in *enrollInput) (*enrollOutput, error) {
		e, err := a.eng.Accounts.EnrollSecondFactor(ctx, in.actor, in.Body.Password)
		out := &enrollOutput{}
		out.Body.Secret, out.Body.URI = e.Secret, e.URI
		return out, err
	})
	handle(a, spec{
		id: "confirm-second-factor", method: http.MethodPost, path: "/users/me/second-factor/confirm", tag: tagPeople, status: http.StatusOK, needs: permission{permit.Account, permit.Update},
		summary: "Switch the second factor on", text: "Ends all my other sign-ins and answers with the recovery codes.", errors: []int{400, 409, 413, 415},
	}, func(ctx context.Context, in *confirmInput) (*recoveryOutput, error) {
		return recovery(a.eng.Accounts.ConfirmSecondFactor(ctx, in.actor, in.Body.Code))
	})
	handle(a, spec{
		id: "renew-recovery-codes", method: http.MethodPost, path: "/users/me/second-factor/recovery-codes", tag: tagPeople, status: http.StatusOK, needs: permission{permit.Account, permit.Update},
		summary: "Get new recovery codes", text: "Those before are good for nothing then.", errors: []int{400, 409, 413, 415, 429},
	}, func(ctx context.Context, in *secondFactorInput) (*recoveryOutput, error) {
		return recovery(a.eng.Accounts.RenewRecovery(ctx, in.actor, in.Body.Password, in.Body.Code))
	})
	handle(a, spec{
		id: "drop-second-factor", method: http.MethodPost, path: "/users/me/second-factor/disable", tag: tagPeople, status: http.StatusNoContent, needs: permission{permit.Account, permit.Delete},
		summary: "Switch the second factor off", text: "From then on the first step is enough to sign in. It takes the password and a code.", errors: []int{400, 409, 413, 415, 429},
	}, func(ctx context.Context, in *secondFactorInput) (*struct{}, error) {
		return nil, a.eng.Accounts.DropSecondFactor(ctx, in.actor, in.Body.Password, in.Body.Code)
	})
}
