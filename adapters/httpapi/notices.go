package httpapi

import (
	"context"
	"net/http"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/permit"
)

// noticesBody is what a person wants mails of.
type noticesBody struct {
	Posts    bool `json:"posts" doc:"A post of mine failed, was missed, or may be out and nobody could prove it."`
	Channels bool `json:"channels" doc:"An account must be connected again. For owners and admins."`
}

type noticesInput struct {
	signedIn
	Body noticesBody
}

type noticesOutput struct{ Body noticesBody }

// registerNotices adds what people want to be told by mail.
func (a *api) registerNotices() {
	handle(a, spec{
		id: "get-notifications", method: http.MethodGet, path: "/users/me/notifications", tag: tagPeople, status: http.StatusOK, needs: permission{permit.Account, permit.Read},
		summary: "What do I get mails of?", text: "All of it where I never said otherwise, and nothing where mail is not set up. Mails that concern the safety of my account always come.",
	}, func(ctx context.Context, in *struct{ signedIn }) (*noticesOutput, error) {
		u, err := a.eng.Accounts.Person(ctx, in.actor)
		return fromNotices(u), err
	})
	handle(a, spec{
		id: "set-notifications", method: http.MethodPut, path: "/users/me/notifications", tag: tagPeople, status: http.StatusOK, needs: permission{permit.Account, permit.Update},
		summary: "Say what I want mails of", text: "What is due already is sent still.", errors: []int{400, 413, 415},
	}, func(ctx context.Context, in *noticesInput) (*noticesOutput, error) {
		var muted []domain.Notice
		if !in.Body.Posts {
			muted = append(muted, domain.NoticePosts)
		}
		if !in.Body.Channels {
			muted = append(muted, domain.NoticeChannels)
		}
		u, err := a.eng.Accounts.SetMuted(ctx, in.actor, muted)
		return fromNotices(u), err
	})
}

func fromNotices(u domain.User) *noticesOutput {
	return &noticesOutput{Body: noticesBody{Posts: u.Wants(domain.NoticePosts), Channels: u.Wants(domain.NoticeChannels)}}
}
