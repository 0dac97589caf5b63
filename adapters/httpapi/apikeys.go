package httpapi

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/apikey"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/permit"
	"github.com/crierhq/crier/ports/store"
)

const tagKeys = "API keys"

// ProgramKeyBody is an API key as people see it again. It is exported because only
// what is embedded and exported is documented.
type ProgramKeyBody struct {
	ID           string   `json:"id"`
	Name         string   `json:"name"`
	Hint         string   `json:"hint" doc:"How the key begins, to tell it from others." example:"crier_MFRG"`
	Scope        string   `json:"scope" enum:"read,write,admin"`
	Integrations []string `json:"integrations" nullable:"false" doc:"The ids of the integrations that it is limited to; none: it reaches all."`
	Maker        string   `json:"maker" doc:"The id of the person it acts for. It may do what they may still do, and nothing once they have left."`
	CreatedAt    string   `json:"createdAt" format:"date-time"`
	RotatedAt    string   `json:"rotatedAt,omitempty" format:"date-time"`
	ExpiresAt    string   `json:"expiresAt,omitempty" format:"date-time"`
	LastUsedAt   string   `json:"lastUsedAt,omitempty" format:"date-time" doc:"To the minute."`
}

type newProgramKeyBody struct {
	ProgramKeyBody
	Key string `json:"key" doc:"The key itself. It is shown this once and cannot be read again." example:"crier_MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43UOV3HO6DZ"`
}

type createKeyInput struct {
	signedIn
	Body struct {
		Name         string   `json:"name" minLength:"1" maxLength:"128" doc:"What the key is for." example:"Shop"`
		Scope        string   `json:"scope" enum:"read,write,admin" doc:"read: see everything; write: create and manage posts and files as its maker, too; admin: manage integrations, approvals and settings, too. You must be allowed to do all of it yourself."`
		Integrations []string `json:"integrations,omitempty" nullable:"false" maxItems:"200" doc:"Limits the key to these integrations and their posts. None: it reaches all."`
		ExpiresAt    string   `json:"expiresAt,omitempty" maxLength:"64" doc:"When it ends by itself. Leave it out for a key that does not." example:"2030-01-01T00:00:00Z"`
	}
}

type keyInput struct {
	signedIn
	ID string `path:"id" doc:"The id of the key, which is no secret."`
}

type newKeyOutput struct{ Body newProgramKeyBody }

type listKeysInput struct {
	signedIn
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Cursor string `query:"cursor" maxLength:"512"`
}

type listKeysOutput struct {
	Link string `header:"Link"`
	Body struct {
		Data []ProgramKeyBody `json:"data" nullable:"false"`
		Page pageInfo         `json:"page"`
	}
}

func (a *api) registerAPIKeys() {
	handle(a, spec{
		id: "list-api-keys", method: http.MethodGet, path: "/settings/api-keys", tag: tagKeys, status: http.StatusOK, needs: permission{permit.APIKeys, permit.Read},
		summary: "List API keys", text: "The newest first, without those that were revoked.", errors: []int{400},
	}, a.listAPIKeys)
	handle(a, spec{
		id: "create-api-key", method: http.MethodPost, path: "/settings/api-keys", tag: tagKeys, status: http.StatusCreated, needs: permission{permit.APIKeys, permit.Create},
		summary: "Make an API key", text: "The key is in the answer, and nowhere else afterwards.", errors: []int{400, 413, 415},
	}, a.createAPIKey)
	handle(a, spec{
		id: "rotate-api-key", method: http.MethodPost, path: "/settings/api-keys/{id}/rotate", tag: tagKeys, status: http.StatusOK, needs: permission{permit.APIKeys, permit.Update},
		summary: "Replace the secret of an API key", text: "What it may do stays; the old secret ends at once, and the key acts for you from now on.", errors: []int{404, 409},
	}, func(ctx context.Context, in *keyInput) (*newKeyOutput, error) {
		return newAPIKey(a.eng.Keys.Rotate(ctx, in.actor, domain.APIKeyID(in.ID)))
	})
	handle(a, spec{
		id: "revoke-api-key", method: http.MethodDelete, path: "/settings/api-keys/{id}", tag: tagKeys, status: http.StatusNoContent, needs: permission{permit.APIKeys, permit.Delete},
		summary: "Revoke an API key", text: "At once and for good.", errors: []int{404},
	}, func(ctx context.Context, in *keyInput) (*struct{}, error) {
		return nil, a.eng.Keys.Revoke(ctx, in.actor, domain.APIKeyID(in.ID))
	})
}

func (a *api) createAPIKey(ctx context.Context, in *createKeyInput) (*newKeyOutput, error) {
	want := core.KeyInput{Name: in.Body.Name, Scope: domain.Scope(in.Body.Scope)}
	for _, id := range in.Body.Integrations {
		want.Channels = append(want.Channels, domain.ChannelID(id))
	}
	var err error
	if want.ExpiresAt, err = a.optionalTime(ctx, in.actor, "expiresAt", in.Body.ExpiresAt); err != nil {
		return nil, err
	}
	made, err := a.eng.Keys.Create(ctx, in.actor, want)
	return newAPIKey(made, asIntegrations(err))
}

// optionalTime reads a time that may be missing.
func (a *api) optionalTime(ctx context.Context, actor domain.Actor, field, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	at, err := a.parseTime(ctx, actor, text)
	if err != nil {
		return at, refuseField(field, "format", "This is not a time. Write it like 2026-03-29T09:00:00Z.")
	}
	return at, nil
}

// asIntegrations names channels as the API does.
func asIntegrations(err error) error {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || len(f.Problems) == 0 {
		return err
	}
	problems := make([]fault.Problem, len(f.Problems))
	for i, p := range f.Problems {
		if rest, ok := strings.CutPrefix(p.Field, "channels"); ok {
			p.Field, p.Message = "integrations"+rest, strings.ReplaceAll(p.Message, "channel", "integration")
		}
		problems[i] = p
	}
	return fault.Check(problems)
}

func (a *api) listAPIKeys(ctx context.Context, in *listKeysInput) (*listKeysOutput, error) {
	page, err := askPage(in.Limit, in.Cursor)
	if err != nil {
		return nil, err
	}
	rows, err := a.eng.Keys.List(ctx, in.actor, page)
	if err != nil {
		return nil, err
	}
	out := &listKeysOutput{}
	rows, out.Body.Page = cut(rows, in.Limit, func(k domain.APIKey) store.Position {
		return store.Position{At: k.CreatedAt, ID: string(k.ID)}
	})
	out.Link = a.linkHeader(in.req, out.Body.Page)
	out.Body.Data = make([]ProgramKeyBody, len(rows))
	for i, k := range rows {
		out.Body.Data[i] = fromAPIKey(k)
	}
	return out, nil
}

func newAPIKey(made apikey.Made, err error) (*newKeyOutput, error) {
	return &newKeyOutput{Body: newProgramKeyBody{fromAPIKey(made.Key), made.Secret}}, err
}

func fromAPIKey(k domain.APIKey) ProgramKeyBody {
	out := ProgramKeyBody{
		ID: string(k.ID), Name: k.Name, Hint: k.Hint, Scope: string(k.Scope), Maker: string(k.Maker),
		CreatedAt: stamp(k.CreatedAt), RotatedAt: stamp(k.RotatedAt), ExpiresAt: stamp(k.ExpiresAt),
		LastUsedAt: stamp(k.UsedAt.Truncate(time.Minute)), Integrations: make([]string, len(k.Channels)),
	}
	for i, id := range k.Channels {
		out.Integrations[i] = string(id)
	}
	return out
}
