package httpapi

import (
	"context"
	"net/http"

	"github.com/crierhq/crier/ports/permit"
)

type exportBody struct {
	Person        personBody         `json:"person"`
	Organizations []organizationBody `json:"organizations" nullable:"false" doc:"Those that I belong to."`
	Identities    []identityBody     `json:"identities" nullable:"false" doc:"The accounts at services that I can sign in with."`
	SignIns       []signInBody       `json:"signIns" nullable:"false" doc:"Those that live."`
	SecondFactor  secondFactorBody   `json:"secondFactor"`
}

type exportOutput struct {
	ContentDisposition string `header:"Content-Disposition" doc:"Has a browser save it as a file."`
	Body               exportBody
}

func (a *api) registerExport() {
	handle(a, spec{
		id: "export-me", method: http.MethodGet, path: "/users/me/export", tag: tagPeople, status: http.StatusOK, needs: permission{permit.Account, permit.Read},
		summary: "Export what is kept about me", text: "All of it in one answer. What I made belongs to its organization, and is not in it: list posts and media there.",
	}, a.exportMe)
}

func (a *api) exportMe(ctx context.Context, in *struct{ signedIn }) (*exportOutput, error) {
	e, err := a.eng.Accounts.Export(ctx, in.actor)
	if err != nil {
		return nil, err
	}
	who, err := a.person(ctx, e.User, nil)
	if err != nil {
		return nil, err
	}
	out := &exportOutput{ContentDisposition: `attachment; filename="crier-account.json"`, Body: exportBody{
		Person: who.Body, SecondFactor: fromFactor(e.Factor), Organizations: make([]organizationBody, len(e.Places)),
		Identities: make([]identityBody, len(e.Identities)), SignIns: make([]signInBody, len(e.Sessions)),
	}}
	for i, p := range e.Places {
		out.Body.Organizations[i] = fromOrganization(p.Organization, p.Role)
	}
	for i, v := range e.Identities {
		out.Body.Identities[i] = fromIdentity(v)
	}
	for i, s := range e.Sessions {
		out.Body.SignIns[i] = fromSignIn(s, in.actor)
	}
	return out, nil
}
