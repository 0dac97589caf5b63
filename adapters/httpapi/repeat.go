package httpapi

import (
	"context"
	"net/http"

	"github.com/crierhq/crier/core/compose"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/permit"
)

// recurrenceBody says how a post is repeated.
type recurrenceBody struct {
	Rule      string   `json:"rule,omitempty" maxLength:"500" doc:"An RRULE of RFC 5545, begun at scheduledAt in timezone." example:"FREQ=WEEKLY;BYDAY=TU,TH"`
	EveryDays int      `json:"everyDays,omitempty" doc:"Every so many days; instead of a rule."`
	Until     string   `json:"until,omitempty" maxLength:"32" doc:"The last day that it may be published on." example:"2030-12-31"`
	Count     int      `json:"count,omitempty" doc:"How many times in all; instead of until."`
	Except    []string `json:"except,omitempty" nullable:"false" doc:"Days and local times that are left out."`
}

func (r *recurrenceBody) toCore() *domain.Recurrence {
	if r == nil {
		return nil
	}
	return &domain.Recurrence{Rule: r.Rule, EveryDays: r.EveryDays, Until: r.Until, Count: r.Count, Except: r.Except}
}

func fromRecurrence(p domain.Post) *recurrenceBody {
	r, err := p.Repeats()
	if !p.Recurs() || err != nil { // of a zone that is gone, the timeline tells
		return nil
	}
	return &recurrenceBody{Rule: r.Rule, EveryDays: r.EveryDays, Until: r.Until, Count: r.Count, Except: r.Except}
}

type previewInput struct {
	signedIn
	Body struct {
		ScheduledAt string          `json:"scheduledAt" maxLength:"64" doc:"The first time, as in a post." example:"2030-03-26T09:00:00"`
		Timezone    string          `json:"timezone,omitempty" maxLength:"64" doc:"As in a post." example:"Europe/Berlin"`
		Recurrence  *recurrenceBody `json:"recurrence,omitempty" doc:"As in a post."`
		Post        string          `json:"post,omitempty" maxLength:"128" doc:"The id of a post that is to be edited: what is out of it, or was taken out, is left out."`
		Count       int             `json:"count,omitempty" default:"10" minimum:"1" maximum:"100" doc:"How many times to show."`
	}
}

type occurrenceBody struct {
	At         string `json:"at" format:"date-time" doc:"When it is published."`
	Occurrence string `json:"occurrence" doc:"What the rule says, on the clocks of the zone; it names the occurrence." example:"2030-03-26T09:00:00"`
	Moved      bool   `json:"moved" doc:"Whether the clocks skip that time, so that it is published as much later as they skip."`
}

type previewOutput struct {
	Body struct {
		Data []occurrenceBody `json:"data" nullable:"false"`
	}
}

func (a *api) registerRepeat() {
	handle(a, spec{
		id: "preview-post", method: http.MethodPost, path: "/posts/preview", tag: tagPosts, status: http.StatusOK, needs: permission{permit.Posts, permit.Read},
		summary: "Show when a post would be published", text: "The next times of a post that was saved now, exactly as they will happen. Nothing is saved.",
		errors: []int{400, 404, 413, 415},
	}, a.preview)
	handle(a, spec{
		id: "cancel-delivery", method: http.MethodPost, path: "/posts/{id}/deliveries/{delivery}/cancel", tag: tagPosts, status: http.StatusOK, needs: permission{permit.Posts, permit.Update},
		summary: "Take one occurrence out", text: "Of a post that repeats, on one integration. It is not published, and no edit brings it back. In the same way a delivery that follows another one is taken out.",
		errors: []int{404, 409},
	}, func(ctx context.Context, in *deliveryInput) (*postOutput, error) {
		v, err := a.eng.Posts.Skip(ctx, in.actor, domain.PostID(in.ID), domain.DeliveryID(in.Delivery))
		return a.post(ctx, in.actor, v, err)
	})
}

type deliveryInput struct {
	signedIn
	ID       string `path:"id" doc:"The id of the post."`
	Delivery string `path:"delivery" doc:"The id of the delivery."`
}

func (a *api) preview(ctx context.Context, in *previewInput) (*previewOutput, error) {
	if in.Body.Post != "" && !validID(in.Body.Post) {
		return nil, fault.Missing("post")
	}
	list, err := a.eng.Posts.Preview(ctx, in.actor, compose.PreviewInput{
		Time: in.Body.ScheduledAt, Zone: in.Body.Timezone, Recurrence: in.Body.Recurrence.toCore(),
		Post: domain.PostID(in.Body.Post), Count: in.Body.Count,
	})
	if err != nil {
		return nil, err
	}
	out := &previewOutput{}
	out.Body.Data = make([]occurrenceBody, len(list))
	for i, o := range list {
		out.Body.Data[i] = occurrenceBody{At: stamp(o.At), Occurrence: o.Key, Moved: o.Moved}
	}
	return out, nil
}
