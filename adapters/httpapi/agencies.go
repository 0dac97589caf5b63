package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/permit"
)

const (
	tagAgencies = "Organizations"
	tagSettings = "Installation"
)

// pauseBody is a pause that holds.
type pauseBody struct {
	Since  string `json:"since" format:"date-time"`
	By     string `json:"by,omitempty" doc:"The id of the person who began it."`
	Reason string `json:"reason,omitempty"`
}

// fromPause is nil for what is not paused.
func fromPause(p domain.Pause) *pauseBody {
	if !p.Active() {
		return nil
	}
	return &pauseBody{Since: stamp(p.At), By: string(p.By), Reason: p.Reason}
}

type pauseInput struct {
	signedIn
	ID   string `path:"id" doc:"The id of what is paused."`
	Body pauseReason
}

type pauseReason struct {
	Reason string `json:"reason,omitempty" maxLength:"500" doc:"Why; those whose posts wait read it." example:"Storm warning."`
}

type agencyInput struct {
	signedIn
	ID string `path:"id" doc:"The id of the organization."`
}

type agencySettings struct {
	RequireApproval   bool  `json:"requireApproval" doc:"What members write who may not approve waits for an approval."`
	LateWindowSeconds int64 `json:"lateWindowSeconds" minimum:"0" maximum:"2592000" doc:"How late a post may still be published; 0: as long as the installation says." example:"21600"`
}

type agencySettingsInput struct {
	signedIn
	ID      string `path:"id" doc:"The id of the organization."`
	IfMatch string `header:"If-Match" maxLength:"128" doc:"The ETag of the version that was read. Another one means 412."`
	Body    agencySettings
}

type agencyOutput struct {
	ETag string `header:"ETag"`
	Body struct {
		RequireApproval   bool       `json:"requireApproval" doc:"What members write who may not approve waits for an approval."`
		LateWindowSeconds int64      `json:"lateWindowSeconds" doc:"How late a post may still be published; 0: as long as the installation says." example:"21600"`
		Paused            *pauseBody `json:"paused,omitempty" doc:"The pause of the organization, while it holds."`
	}
}

type installationOutput struct {
	Body struct {
		Paused *pauseBody `json:"paused,omitempty" doc:"The pause of the whole installation, while it holds."`
	}
}

func (a *api) registerAgencies() {
	handle(a, spec{
		id: "get-organization-settings", method: http.MethodGet, path: "/agencies/{id}/settings", tag: tagAgencies, status: http.StatusOK, needs: permission{permit.Organization, permit.Read},
		summary: "Get the settings of an organization", text: "With its pause, while it holds.", errors: []int{404},
	}, func(ctx context.Context, in *agencyInput) (*agencyOutput, error) {
		if err := own(in.actor, in.ID); err != nil {
			return nil, err
		}
		return agency(a.eng.Accounts.Organization(ctx, in.actor))
	})
	handle(a, spec{
		id: "set-organization-settings", method: http.MethodPut, path: "/agencies/{id}/settings", tag: tagAgencies, status: http.StatusOK, needs: permission{permit.Organization, permit.Update},
		summary: "Replace the settings of an organization", text: "All of them: what is left out goes back to its default.", errors: []int{400, 404, 412, 413, 415},
	}, func(ctx context.Context, in *agencySettingsInput) (*agencyOutput, error) {
		if err := own(in.actor, in.ID); err != nil {
			return nil, err
		}
		return agency(a.eng.Accounts.ConfigureOrganization(ctx, in.actor, core.OrganizationSettings{
			RequireApproval: in.Body.RequireApproval, LateWindow: time.Duration(in.Body.LateWindowSeconds) * time.Second,
			Version: versionOf(in.IfMatch),
		}))
	})
	handle(a, spec{
		id: "pause-organization", method: http.MethodPost, path: "/agencies/{id}/pause", tag: tagAgencies, status: http.StatusOK, needs: permission{permit.Organization, permit.Update},
		summary: "Hold back all posts of an organization", text: "What is on its way is finished; nothing new is begun. A post that waits for longer than it may be late is missed.",
		errors: []int{400, 404, 413, 415},
	}, func(ctx context.Context, in *pauseInput) (*agencyOutput, error) {
		if err := own(in.actor, in.ID); err != nil {
			return nil, err
		}
		return agency(a.eng.Pauses.PauseOrganization(ctx, in.actor, in.Body.Reason))
	})
	handle(a, spec{
		id: "resume-organization", method: http.MethodPost, path: "/agencies/{id}/resume", tag: tagAgencies, status: http.StatusOK, needs: permission{permit.Organization, permit.Update},
		summary: "Let the posts of an organization go on", text: "What waited goes on, in the order in which it is due.", errors: []int{404},
	}, func(ctx context.Context, in *agencyInput) (*agencyOutput, error) {
		if err := own(in.actor, in.ID); err != nil {
			return nil, err
		}
		return agency(a.eng.Pauses.ResumeOrganization(ctx, in.actor))
	})
}

func agency(o domain.Organization, err error) (*agencyOutput, error) {
	if err != nil {
		return nil, err
	}
	out := &agencyOutput{ETag: etag(o.Version)}
	out.Body.RequireApproval, out.Body.LateWindowSeconds = o.RequireApproval, int64(o.LateWindow/time.Second)
	out.Body.Paused = fromPause(o.Paused)
	return out, nil
}

func (a *api) registerInstallation() {
	handle(a, spec{
		id: "get-installation-pause", method: http.MethodGet, path: "/settings/pause", tag: tagSettings, status: http.StatusOK, needs: permission{permit.Installation, permit.Read},
		summary: "Is this installation paused?", text: "Under a pause nothing goes out, and nothing is broken.",
	}, func(ctx context.Context, _ *struct{ signedIn }) (*installationOutput, error) {
		return installation(a.eng.Pauses.Installation(ctx))
	})
	handle(a, spec{
		id: "pause-installation", method: http.MethodPost, path: "/settings/pause", tag: tagSettings, status: http.StatusOK, needs: permission{permit.Installation, permit.Update},
		summary: "Hold back everything that this installation would publish", text: "Only its owner may: the person who registered first.",
		errors: []int{400, 413, 415},
	}, func(ctx context.Context, in *struct {
		signedIn
		Body pauseReason
	},
	) (*installationOutput, error) {
		return installation(a.eng.Pauses.PauseInstallation(ctx, in.actor, in.Body.Reason))
	})
	handle(a, spec{
		id: "resume-installation", method: http.MethodPost, path: "/settings/resume", tag: tagSettings, status: http.StatusOK, needs: permission{permit.Installation, permit.Update},
		summary: "Let this installation publish again", text: "What waited goes on within a minute.",
	}, func(ctx context.Context, in *struct{ signedIn }) (*installationOutput, error) {
		return installation(a.eng.Pauses.ResumeInstallation(ctx, in.actor))
	})
}

func installation(p domain.Pause, err error) (*installationOutput, error) {
	out := &installationOutput{}
	out.Body.Paused = fromPause(p)
	return out, err
}
