package httpapi

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/crierhq/crier/core/channel"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/permit"
	"github.com/crierhq/crier/ports/store"
)

const tagIntegrations = "Integrations"

// integrationBody is a connected account, which the core calls a channel.
type integrationBody struct {
	ID             string      `json:"id"`
	Provider       string      `json:"provider" doc:"The identifier of its platform."`
	Account        string      `json:"account" doc:"The platform's own id of the account."`
	Name           string      `json:"name"`
	Handle         string      `json:"handle,omitempty" doc:"How people address the account."`
	URL            string      `json:"url,omitempty" doc:"Where people see it."`
	Avatar         string      `json:"avatar,omitempty"`
	State          string      `json:"state" enum:"active,reconnect_needed,disconnected"`
	StateReason    string      `json:"stateReason,omitempty" doc:"Why it is not active."`
	Paused         *pauseBody  `json:"paused,omitempty" doc:"The pause of this account, while it holds."`
	TokenExpiresAt string      `json:"tokenExpiresAt,omitempty" format:"date-time" doc:"When the current sign-in at the platform ends; absent where it does not. Most are renewed before."`
	TokenProblem   string      `json:"tokenProblem,omitempty" doc:"Why the sign-in could not be renewed the last time it was tried; it is tried again by itself."`
	Limits         *limitsBody `json:"limits,omitempty" doc:"What this account may publish; absent where its platform is not set up here."`
	Customer       string      `json:"customer,omitempty" doc:"The id of the customer that it belongs to."`
	Slots          []slotBody  `json:"slots" nullable:"false" doc:"Its weekly posting times on the clocks of the organization, from Monday. A post of the type queue takes the next one that is free."`
	GapSeconds     int64       `json:"gapSeconds" doc:"The least time between two changes on it, where neither the installation nor the platform asks for more."`
	CreatedAt      string      `json:"createdAt" format:"date-time"`
	UpdatedAt      string      `json:"updatedAt" format:"date-time"`
}

// integrationRef is an integration as a part of something else.
type integrationRef struct {
	ID       string `json:"id"`
	Provider string `json:"provider"`
	Name     string `json:"name"`
	Handle   string `json:"handle,omitempty"`
	Avatar   string `json:"avatar,omitempty"`
	State    string `json:"state"`
}

type listIntegrationsInput struct {
	signedIn
	Limit    int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Cursor   string `query:"cursor" maxLength:"512"`
	Customer string `query:"customer" maxLength:"128" doc:"Integrations of this customer."`
}

type listIntegrationsOutput struct {
	Link string `header:"Link"`
	Body struct {
		Data      []integrationBody `json:"data" nullable:"false"`
		Page      pageInfo          `json:"page"`
		Providers []providerBody    `json:"providers" nullable:"false" doc:"The platforms that accounts can be connected of."`
	}
}

type integrationInput struct {
	signedIn
	ID string `path:"id" doc:"The id of the integration."`
}

type setPaceInput struct {
	signedIn
	ID      string `path:"id" doc:"The id of the integration."`
	IfMatch string `header:"If-Match" maxLength:"128" doc:"The ETag of the integration that was read. Other settings mean 412."`
	Body    struct {
		GapSeconds int64 `json:"gapSeconds" minimum:"0" maximum:"86400" doc:"The least time between two changes on it; 0: what the installation and the platform ask for." example:"600"`
	}
}

type integrationOutput struct {
	ETag string `header:"ETag" doc:"Names its settings: pace, posting times and customer."`
	Body integrationBody
}

// integration is the answer with one integration.
func (a *api) integration(c domain.Channel, err error) (*integrationOutput, error) {
	if err != nil {
		return nil, err
	}
	return &integrationOutput{ETag: strconv.Quote(channel.SettingsTag(c)), Body: a.fromChannel(c)}, nil
}

// tagOf reads the header If-Match for the settings of an integration. Without it,
// or with *, every one is right; what none can match is kept as it is.
func tagOf(ifMatch string) string {
	ifMatch = strings.TrimSpace(ifMatch)
	if ifMatch == "" || ifMatch == "*" {
		return ""
	}
	text, err := strconv.Unquote(ifMatch)
	if err != nil || text == "" {
		return ifMatch
	}
	return text
}

func (a *api) registerIntegrations() {
	handle(a, spec{
		id: "list-integrations", method: http.MethodGet, path: "/integrations", tag: tagIntegrations, status: http.StatusOK, needs: permission{permit.Channels, permit.Read},
		summary: "List platforms and connected accounts", text: "`data` are the accounts that are connected, oldest first; `providers` are the platforms on offer.",
		errors: []int{400},
	}, a.listIntegrations)
	handle(a, spec{
		id: "get-integration", method: http.MethodGet, path: "/integrations/{id}", tag: tagIntegrations, status: http.StatusOK, needs: permission{permit.Channels, permit.Read},
		summary: "Get a connected account", text: "With its state, its limits and its posting times.", errors: []int{404},
	}, a.getIntegration)
	handle(a, spec{
		id: "disconnect-integration", method: http.MethodDelete, path: "/integrations/{id}", tag: tagIntegrations, status: http.StatusNoContent, needs: permission{permit.Channels, permit.Delete},
		summary: "Disconnect an account", text: "Its credential is forgotten. What was to go out on it waits, and goes on if the account is connected again in time.",
		errors: []int{404},
	}, func(ctx context.Context, in *integrationInput) (*struct{}, error) {
		return nil, a.eng.Channels.Disconnect(ctx, in.actor, domain.ChannelID(in.ID))
	})
	handle(a, spec{
		id: "set-pace", method: http.MethodPut, path: "/integrations/{id}/pace", tag: tagIntegrations, status: http.StatusOK, needs: permission{permit.Channels, permit.Update},
		summary: "Set how far apart an account publishes", text: "What is due sooner waits for its turn. The installation and the platform may ask for more.", errors: []int{400, 404, 412, 413, 415},
	}, a.setPace)
	handle(a, spec{
		id: "refresh-integration", method: http.MethodPost, path: "/integrations/{id}/refresh", tag: tagIntegrations, status: http.StatusOK, needs: permission{permit.Channels, permit.Update},
		summary: "Renew the sign-in at the platform now", text: "This happens by itself before a sign-in ends. An account that had to be connected again goes on if it works.",
		errors: []int{400, 404, 429},
	}, func(ctx context.Context, in *integrationInput) (*integrationOutput, error) {
		ch, err := a.eng.Channels.RefreshToken(ctx, in.actor, domain.ChannelID(in.ID))
		return a.integration(ch, err)
	})
}

func (a *api) registerChannelPause() {
	handle(a, spec{
		id: "pause-integration", method: http.MethodPost, path: "/integrations/{id}/pause", tag: tagIntegrations, status: http.StatusOK, needs: permission{permit.Channels, permit.Update},
		summary: "Hold back what would go out on an account", text: "What is on its way is finished; nothing new is begun. A post that waits for longer than it may be late is missed.",
		errors: []int{400, 404, 413, 415},
	}, func(ctx context.Context, in *pauseInput) (*integrationOutput, error) {
		ch, err := a.eng.Pauses.PauseChannel(ctx, in.actor, domain.ChannelID(in.ID), in.Body.Reason)
		return a.integration(ch, err)
	})
	handle(a, spec{
		id: "resume-integration", method: http.MethodPost, path: "/integrations/{id}/resume", tag: tagIntegrations, status: http.StatusOK, needs: permission{permit.Channels, permit.Update},
		summary: "Let an account publish again", text: "What waited goes on, in the order in which it is due.", errors: []int{404},
	}, func(ctx context.Context, in *integrationInput) (*integrationOutput, error) {
		ch, err := a.eng.Pauses.ResumeChannel(ctx, in.actor, domain.ChannelID(in.ID))
		return a.integration(ch, err)
	})
}

func (a *api) setPace(ctx context.Context, in *setPaceInput) (*integrationOutput, error) {
	ch, err := a.eng.Channels.SetGap(ctx, in.actor, domain.ChannelID(in.ID), tagOf(in.IfMatch), time.Duration(in.Body.GapSeconds)*time.Second)
	return a.integration(ch, err)
}

func (a *api) listIntegrations(ctx context.Context, in *listIntegrationsInput) (*listIntegrationsOutput, error) {
	page, err := askPage(in.Limit, in.Cursor)
	if err != nil {
		return nil, err
	}
	rows, err := a.eng.Channels.List(ctx, in.actor, store.ChannelFilter{Page: page, Group: domain.GroupID(in.Customer)})
	if err != nil {
		return nil, err
	}
	out := &listIntegrationsOutput{}
	rows, out.Body.Page = cut(rows, in.Limit, func(c domain.Channel) store.Position {
		return store.Position{At: c.CreatedAt, ID: string(c.ID)}
	})
	out.Link = a.linkHeader(in.req, out.Body.Page)
	out.Body.Data = make([]integrationBody, len(rows))
	for i, c := range rows {
		out.Body.Data[i] = a.fromChannel(c)
	}
	out.Body.Providers = a.providers()
	return out, nil
}

func (a *api) getIntegration(ctx context.Context, in *integrationInput) (*integrationOutput, error) {
	ch, err := a.eng.Channels.Get(ctx, in.actor, domain.ChannelID(in.ID))
	return a.integration(ch, err)
}

func (a *api) fromChannel(c domain.Channel) integrationBody {
	out := integrationBody{
		ID: string(c.ID), Provider: string(c.Provider), Account: c.Account, Name: c.Name, Handle: c.Handle, URL: c.URL, Avatar: c.Avatar,
		TokenProblem: c.RefreshProblem,
		State:        string(c.State), StateReason: c.StateReason, Paused: fromPause(c.Paused), TokenExpiresAt: stamp(c.SecretExpires),
		Customer: string(c.Group), Slots: fromSlots(c.Slots), GapSeconds: int64(c.Gap / time.Second), CreatedAt: stamp(c.CreatedAt), UpdatedAt: stamp(c.UpdatedAt),
	}
	if pf, err := a.eng.Channels.Catalog().Get(c.Provider); err == nil {
		limits := fromLimits(pf.Limits(c.Traits))
		out.Limits = &limits
	}
	return out
}

func toRef(c domain.Channel) integrationRef {
	return integrationRef{
		ID: string(c.ID), Provider: string(c.Provider), Name: c.Name, Handle: c.Handle, Avatar: c.Avatar, State: string(c.State),
	}
}
