package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/permit"
)

// slotBody is a weekly posting time.
type slotBody struct {
	Weekday string `json:"weekday" enum:"monday,tuesday,wednesday,thursday,friday,saturday,sunday" example:"tuesday"`
	Time    string `json:"time" pattern:"^([01][0-9]|2[0-3]):[0-5][0-9]$" patternDescription:"a time of day such as 09:00" doc:"What the clocks show." example:"09:00"`
}

type setSlotsInput struct {
	signedIn
	ID      string `path:"id" doc:"The id of the integration."`
	IfMatch string `header:"If-Match" maxLength:"128" doc:"The ETag of the integration that was read. Other settings mean 412."`
	Body    struct {
		Slots []slotBody `json:"slots" nullable:"false" doc:"All weekly posting times, at most 200. None: nothing can be queued."`
	}
}

type nextSlotsInput struct {
	signedIn
	ID    string `path:"id" doc:"The id of the integration."`
	Limit int    `query:"limit" minimum:"1" maximum:"100" default:"10"`
}

type nextSlotsOutput struct {
	Body struct {
		Data []freeSlotBody `json:"data" nullable:"false"`
	}
}

type freeSlotBody struct {
	At        string `json:"at" format:"date-time"`
	LocalTime string `json:"localTime" doc:"What the clocks of the organization show then." example:"2030-03-26T09:00:00"`
}

// registerSlots has no operation that reads posting times: they are part of the
// integration. GET /integrations/{id}/slots would meet the address that
// platforms send people back to, which a http.ServeMux refuses.
func (a *api) registerSlots() {
	handle(a, spec{
		id: "set-slots", method: http.MethodPut, path: "/integrations/{id}/slots", tag: tagIntegrations, status: http.StatusOK, needs: permission{permit.Channels, permit.Update},
		summary: "Replace the weekly posting times of an account", text: "A post of the type `queue` takes the next one that is free. What is queued already stays where it is.", errors: []int{400, 404, 412, 413, 415},
	}, a.setSlots)
	handle(a, spec{
		id: "next-slots", method: http.MethodGet, path: "/integrations/{id}/slots/next", tag: tagIntegrations, status: http.StatusOK, needs: permission{permit.Channels, permit.Read},
		summary: "List the next free posting times of an account", text: "What is queued now gets the first. Nothing is reserved.", errors: []int{400, 404},
	}, a.nextSlots)
}

func fromSlots(slots []domain.Slot) []slotBody {
	out := make([]slotBody, len(slots))
	for i, s := range slots {
		out[i] = slotBody{Weekday: strings.ToLower(s.Weekday.String()), Time: fmt.Sprintf("%02d:%02d", s.Minute/60, s.Minute%60)}
	}
	return out
}

// weekdays are the names of days, as time.Weekday counts them.
var weekdays = []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}

func (a *api) setSlots(ctx context.Context, in *setSlotsInput) (*integrationOutput, error) {
	slots := make([]domain.Slot, len(in.Body.Slots))
	for i, s := range in.Body.Slots {
		clock, err := time.Parse("15:04", s.Time)
		if err != nil {
			return nil, fmt.Errorf("a time that was checked: %w", err)
		}
		slots[i] = domain.Slot{Weekday: time.Weekday(slices.Index(weekdays, s.Weekday)), Minute: clock.Hour()*60 + clock.Minute()}
	}
	ch, err := a.eng.Channels.SetSlots(ctx, in.actor, domain.ChannelID(in.ID), tagOf(in.IfMatch), slots)
	return a.integration(ch, err)
}

func (a *api) nextSlots(ctx context.Context, in *nextSlotsInput) (*nextSlotsOutput, error) {
	free, err := a.eng.Posts.FreeSlots(ctx, in.actor, domain.ChannelID(in.ID), in.Limit)
	if err != nil {
		return nil, err
	}
	org, err := a.eng.Accounts.Organization(ctx, in.actor)
	if err != nil {
		return nil, err
	}
	out := &nextSlotsOutput{}
	out.Body.Data = make([]freeSlotBody, len(free))
	for i, t := range free {
		out.Body.Data[i] = freeSlotBody{At: stamp(t), LocalTime: t.In(org.Location()).Format("2006-01-02T15:04:05")}
	}
	return out, nil
}
