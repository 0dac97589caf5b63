// Package journal writes the events that tell what changed, in the transaction
// that changed it. What subscribers get to see is decided here and nowhere
// else.
package journal

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/store"
)

// Journal makes events.
type Journal struct {
	newID func() string
}

// New returns a Journal. newID is required.
func New(newID func() string) *Journal { return &Journal{newID: newID} }

func (j *Journal) append(ctx context.Context, r store.Repos, ev domain.Event, data any) error {
	raw, err := json.Marshal(data)
	if err != nil {
		return fmt.Errorf("event %s: %w", ev.Kind, err)
	}
	ev.ID, ev.Data, ev.At = domain.EventID(j.newID()), raw, domain.Instant(ev.At)
	return r.Outbox().Append(ctx, ev)
}

type reasonData struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func reasonOf(r domain.Reason) *reasonData {
	if r.Code == "" {
		return nil
	}
	return &reasonData{Code: r.Code, Message: r.Message}
}

type partData struct {
	ID          string     `json:"id"`
	URL         string     `json:"url,omitempty"`
	PublishedAt *time.Time `json:"publishedAt,omitempty"`
}

type deliveryData struct {
	Delivery    string      `json:"deliveryId"`
	Post        string      `json:"postId"`
	Integration string      `json:"integrationId"`
	Provider    string      `json:"provider"`
	State       string      `json:"state"`
	DueAt       time.Time   `json:"dueAt"`
	Reason      *reasonData `json:"reason,omitempty"`
	Items       []partData  `json:"items,omitempty"`
}

// Delivery records that d turned to its state.
func (j *Journal) Delivery(ctx context.Context, r store.Repos, d domain.Delivery, now time.Time) error {
	data := deliveryData{
		Delivery: string(d.ID), Post: string(d.Post), Integration: string(d.Channel),
		Provider: string(d.Provider), State: string(d.State), DueAt: d.DueAt, Reason: reasonOf(d.Reason),
	}
	for _, p := range d.Parts {
		if p.Ref != nil {
			data.Items = append(data.Items, partData{ID: p.Ref.ID, URL: p.Ref.URL, PublishedAt: &p.PublishedAt})
		}
	}
	return j.append(ctx, r, domain.Event{
		Organization: d.Organization, Kind: domain.DeliveryEvent(d.State),
		Post: d.Post, Subject: string(d.ID), At: now,
	}, data)
}

type postData struct {
	Post     string    `json:"postId"`
	Summary  string    `json:"state"`
	DueAt    time.Time `json:"dueAt,omitzero"`
	Revision int       `json:"revision"`
}

// Post records something about p: a kind of its own, or that its summary
// turned to sum.
func (j *Journal) Post(ctx context.Context, r store.Repos, p domain.Post, kind domain.EventKind, sum domain.Summary, now time.Time) error {
	return j.append(ctx, r, domain.Event{
		Organization: p.Organization, Kind: kind, Post: p.ID, Subject: string(p.ID), At: now,
	}, postData{Post: string(p.ID), Summary: string(sum), DueAt: p.DueAt, Revision: p.Revision})
}

type channelData struct {
	Integration string `json:"integrationId"`
	Provider    string `json:"provider"`
	Name        string `json:"name"`
	State       string `json:"state"`
	Reason      string `json:"reason,omitempty"`
}

// Channel records something about c.
func (j *Journal) Channel(ctx context.Context, r store.Repos, c domain.Channel, kind domain.EventKind, now time.Time) error {
	return j.append(ctx, r, domain.Event{
		Organization: c.Organization, Kind: kind, Subject: string(c.ID), At: now,
	}, channelData{
		Integration: string(c.ID), Provider: string(c.Provider), Name: c.Name,
		State: string(c.State), Reason: c.StateReason,
	})
}

type mediaData struct {
	Media string `json:"mediaId"`
	Name  string `json:"name"`
	MIME  string `json:"type"`
	Bytes int64  `json:"bytes"`
}

// Media records something about m.
func (j *Journal) Media(ctx context.Context, r store.Repos, m domain.Media, kind domain.EventKind, now time.Time) error {
	return j.append(ctx, r, domain.Event{
		Organization: m.Organization, Kind: kind, Subject: string(m.ID), At: now,
	}, mediaData{Media: string(m.ID), Name: m.Name, MIME: m.MIME, Bytes: m.Bytes})
}
