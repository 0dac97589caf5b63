package httpapi

import (
	"context"
	"net/http"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/permit"
)

type placeOutput struct {
	ETag string `header:"ETag"`
	Body organizationBody
}

type placesOutput struct {
	Body struct {
		Data []organizationBody `json:"data" nullable:"false"`
	}
}

type organizationFields struct {
	Name     string `json:"name" minLength:"1" maxLength:"128" example:"Example Ltd."`
	Timezone string `json:"timezone,omitempty" maxLength:"64" doc:"The IANA time zone. Default: UTC." example:"Europe/Berlin"`
}

type newAgencyInput struct {
	signedIn
	Body organizationFields
}

type renameInput struct {
	signedIn
	ID      string `path:"id" doc:"The id of the organization."`
	IfMatch string `header:"If-Match" maxLength:"128" doc:"The ETag of the version that was read. Another one means 412."`
	Body    organizationFields
}

func (a *api) registerPlaces() {
	handle(a, spec{
		id: "list-organizations", method: http.MethodGet, path: "/agencies", tag: tagAgencies, status: http.StatusOK, needs: permission{permit.Account, permit.Read},
		summary: "List the organizations that you belong to", text: "The oldest membership first.",
	}, a.listPlaces)
	handle(a, spec{
		id: "create-organization", method: http.MethodPost, path: "/agencies", tag: tagAgencies, status: http.StatusCreated, needs: permission{permit.Account, permit.Create},
		summary: "Make an organization", text: "You own it. Switch to it to work in it.", errors: []int{400, 409, 413, 415},
	}, func(ctx context.Context, in *newAgencyInput) (*placeOutput, error) {
		return place(a.eng.Accounts.Found(ctx, in.actor, in.Body.Name, in.Body.Timezone))
	})
	handle(a, spec{
		id: "get-organization", method: http.MethodGet, path: "/agencies/{id}", tag: tagAgencies, status: http.StatusOK, needs: permission{permit.Organization, permit.Read},
		summary: "Get an organization", text: "The one that you are signed in to.", errors: []int{404},
	}, func(ctx context.Context, in *agencyInput) (*placeOutput, error) {
		return a.onAgency(in, func() (domain.Organization, error) { return a.eng.Accounts.Organization(ctx, in.actor) })
	})
	handle(a, spec{
		id: "update-organization", method: http.MethodPut, path: "/agencies/{id}", tag: tagAgencies, status: http.StatusOK, needs: permission{permit.Organization, permit.Update},
		summary: "Change the name and time zone of an organization", text: "Posts keep the times that they have.", errors: []int{400, 404, 412, 413, 415},
	}, func(ctx context.Context, in *renameInput) (*placeOutput, error) {
		return a.onAgency(&agencyInput{in.signedIn, in.ID}, func() (domain.Organization, error) {
			return a.eng.Accounts.Rename(ctx, in.actor, versionOf(in.IfMatch), in.Body.Name, in.Body.Timezone)
		})
	})
	handle(a, spec{
		id: "switch-organization", method: http.MethodPost, path: "/agencies/{id}/switch", tag: tagAgencies, status: http.StatusOK, needs: permission{permit.Account, permit.Update},
		summary: "Sign in to another organization of yours", text: "The answer holds tokens for it. Those that you have stay good for the organization that they are for.", errors: []int{404},
	}, func(ctx context.Context, in *agencyInput) (*sessionOutput, error) {
		s, err := a.eng.Accounts.Switch(ctx, in.actor, domain.OrganizationID(in.ID), in.req.origin())
		return a.session(s, err, false)
	})
	handle(a, spec{
		id: "delete-organization", method: http.MethodDelete, path: "/agencies/{id}", tag: tagAgencies, status: http.StatusOK, needs: permission{permit.Organization, permit.Delete},
		summary: "Delete an organization", text: "It is paused at once, and deleted after seven days with everything that belongs to it. Until then, it can be kept.", errors: []int{404},
	}, func(ctx context.Context, in *agencyInput) (*placeOutput, error) {
		return a.onAgency(in, func() (domain.Organization, error) { return a.eng.Team.End(ctx, in.actor) })
	})
	handle(a, spec{
		id: "keep-organization", method: http.MethodPost, path: "/agencies/{id}/keep", tag: tagAgencies, status: http.StatusOK, needs: permission{permit.Organization, permit.Delete},
		summary: "Keep an organization that was to be deleted", text: "It stays paused until somebody resumes it.", errors: []int{404, 409},
	}, func(ctx context.Context, in *agencyInput) (*placeOutput, error) {
		return a.onAgency(in, func() (domain.Organization, error) { return a.eng.Team.Keep(ctx, in.actor) })
	})
}

func (a *api) listPlaces(ctx context.Context, in *struct{ signedIn }) (*placesOutput, error) {
	places, err := a.eng.Accounts.Places(ctx, in.actor)
	if err != nil {
		return nil, err
	}
	out := &placesOutput{}
	out.Body.Data = make([]organizationBody, len(places))
	for i, p := range places {
		out.Body.Data[i] = fromOrganization(p.Organization, p.Role)
	}
	return out, nil
}

// onAgency does something to the organization of the actor, if in names it.
func (a *api) onAgency(in *agencyInput, do func() (domain.Organization, error)) (*placeOutput, error) {
	if err := own(in.actor, in.ID); err != nil {
		return nil, err
	}
	o, err := do()
	return place(core.Place{Organization: o, Role: in.actor.Role}, err)
}

func place(p core.Place, err error) (*placeOutput, error) {
	if err != nil {
		return nil, err
	}
	return &placeOutput{ETag: etag(p.Organization.Version), Body: fromOrganization(p.Organization, p.Role)}, nil
}

func fromOrganization(o domain.Organization, role domain.Role) organizationBody {
	zone := o.Zone
	if zone == "" {
		zone = "UTC"
	}
	return organizationBody{ID: string(o.ID), Name: o.Name, Timezone: zone, Role: string(role), EndsAt: stamp(o.EndsAt)}
}
