package httpapi

import (
	"context"
	"net/http"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/permit"
)

// profileBody is what a person says of themselves.
type profileBody struct {
	Name       string `json:"name" maxLength:"128" doc:"How to address the person." example:"Ann"`
	Timezone   string `json:"timezone" maxLength:"64" doc:"The IANA time zone of the person; empty: that of the organization." example:"Europe/Berlin"`
	Language   string `json:"language" maxLength:"35" doc:"A language tag; empty: as the program decides." example:"de-AT"`
	WeekStart  string `json:"weekStart" enum:",monday,saturday,sunday" doc:"The day that a week begins with; empty: as the program decides."`
	TimeFormat string `json:"timeFormat" enum:",12h,24h" doc:"How the time of day is written; empty: as the program decides."`
}

type personBody struct {
	ID            string `json:"id"`
	Email         string `json:"email" example:"ann@example.org"`
	EmailVerified bool   `json:"emailVerified" doc:"The person proved that they read its mail."`
	// The next five are those of profileBody: the document leaves embedded fields
	// out.
	Name       string      `json:"name" doc:"How to address the person." example:"Ann"`
	Timezone   string      `json:"timezone" doc:"The IANA time zone of the person; empty: that of the organization." example:"Europe/Berlin"`
	Language   string      `json:"language" doc:"A language tag; empty: as the program decides." example:"de-AT"`
	WeekStart  string      `json:"weekStart" enum:",monday,saturday,sunday" doc:"The day that a week begins with; empty: as the program decides."`
	TimeFormat string      `json:"timeFormat" enum:",12h,24h" doc:"How the time of day is written; empty: as the program decides."`
	Avatar     *avatarBody `json:"avatar,omitempty"`
	CreatedAt  string      `json:"createdAt" format:"date-time"`
}

type avatarBody struct {
	MediaID string `json:"mediaId"`
	URL     string `json:"url" doc:"Where to fetch the picture from, for a day."`
}

type personOutput struct{ Body personBody }

type profileInput struct {
	signedIn
	Body profileBody
}

type avatarInput struct {
	signedIn
	Body struct {
		MediaID string `json:"mediaId" minLength:"1" maxLength:"128" doc:"A picture in the media library of the organization."`
	}
}

type deleteMeInput struct {
	signedIn
	Body struct {
		Password string `json:"password" maxLength:"256" doc:"The password that you have."`
	}
}

func (a *api) registerUsers() {
	handle(a, spec{
		id: "delete-me", method: http.MethodDelete, path: "/users/me", tag: tagPeople, status: http.StatusNoContent, needs: permission{permit.Account, permit.Delete},
		summary: "Delete my account", text: "Everything that is kept about me goes, at once and for ever; all my sign-ins end. I leave my organizations, and what I made stays there. One that nobody else belongs to is paused at once and deleted within an hour. Whoever is the last owner of an organization with other members hands it on first.",
		errors: []int{400, 409, 413, 415, 429},
	}, func(ctx context.Context, in *deleteMeInput) (*struct{}, error) {
		return nil, a.eng.Team.DeleteAccount(ctx, in.actor, in.Body.Password)
	})
	handle(a, spec{
		id: "get-me", method: http.MethodGet, path: "/users/me", tag: tagPeople, status: http.StatusOK, needs: permission{permit.Account, permit.Read},
		summary: "Who am I?", text: "My address, my name, and how I want to see things.",
	}, func(ctx context.Context, in *struct{ signedIn }) (*personOutput, error) {
		u, err := a.eng.Accounts.Person(ctx, in.actor)
		return a.person(ctx, u, err)
	})
	handle(a, spec{
		id: "set-profile", method: http.MethodPut, path: "/users/me", tag: tagPeople, status: http.StatusOK, needs: permission{permit.Account, permit.Update},
		summary: "Replace my profile", text: "My name, and how I want to see things.", errors: []int{400, 413, 415},
	}, func(ctx context.Context, in *profileInput) (*personOutput, error) {
		b := in.Body
		u, err := a.eng.Accounts.SetProfile(ctx, in.actor, core.ProfileInput{Name: b.Name, Profile: domain.Profile{
			Zone: b.Timezone, Language: b.Language, WeekStart: domain.WeekStart(b.WeekStart), TimeFormat: domain.TimeFormat(b.TimeFormat),
		}})
		return a.person(ctx, u, err)
	})
	handle(a, spec{
		id: "set-avatar", method: http.MethodPut, path: "/users/me/avatar", tag: tagPeople, status: http.StatusOK, needs: permission{permit.Account, permit.Update},
		summary: "Set my picture", text: "To a picture of the media library.", errors: []int{400, 413, 415},
	}, func(ctx context.Context, in *avatarInput) (*personOutput, error) {
		u, err := a.eng.Accounts.SetAvatar(ctx, in.actor, domain.MediaID(in.Body.MediaID))
		return a.person(ctx, u, err)
	})
	handle(a, spec{
		id: "delete-avatar", method: http.MethodDelete, path: "/users/me/avatar", tag: tagPeople, status: http.StatusNoContent, needs: permission{permit.Account, permit.Update},
		summary: "Take my picture away", text: "The file stays in the media library.",
	}, func(ctx context.Context, in *struct{ signedIn }) (*struct{}, error) {
		_, err := a.eng.Accounts.SetAvatar(ctx, in.actor, "")
		return nil, err
	})
}

func (a *api) person(ctx context.Context, u domain.User, err error) (*personOutput, error) {
	if err != nil {
		return nil, err
	}
	p := u.Profile
	out := &personOutput{Body: personBody{
		ID: string(u.ID), Email: u.Email, EmailVerified: !u.EmailVerifiedAt.IsZero(), CreatedAt: stamp(u.CreatedAt),
		Name: u.Name, Timezone: p.Zone, Language: p.Language, WeekStart: string(p.WeekStart), TimeFormat: string(p.TimeFormat),
	}}
	m, ok, err := a.eng.Accounts.Avatar(ctx, u)
	if ok {
		out.Body.Avatar = &avatarBody{MediaID: string(m.ID), URL: a.links.sign(m.Organization, m.ID)}
	}
	return out, err
}
