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
	watch Watcher
}

// Watcher hears of events in the transaction that they are written in.
type Watcher func(ctx context.Context, r store.Repos, evs []domain.Event) error

// Watch has w hear of every event from now on. Call it before the journal is
// used.
func (j *Journal) Watch(w Watcher) { j.watch = w }

// New returns a Journal. newID is required.
func New(newID func() string) *Journal { return &Journal{newID: newID} }

// Entry is an event that is to be written.
type Entry struct {
	ev   domain.Event
	data any
}

// Append writes entries in order.
func (j *Journal) Append(ctx context.Context, r store.Repos, entries ...Entry) error {
	evs := make([]domain.Event, len(entries))
	for i, e := range entries {
		raw, err := json.Marshal(e.data)
		if err != nil {
			return fmt.Errorf("event %s: %w", e.ev.Kind, err)
		}
		evs[i] = e.ev
		evs[i].ID, evs[i].Data, evs[i].At = domain.EventID(j.newID()), raw, domain.Instant(e.ev.At)
	}
	if err := r.Outbox().Append(ctx, evs...); err != nil || j.watch == nil {
		return err
	}
	return j.watch(ctx, r, evs)
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
	Occurrence  string      `json:"occurrence,omitempty"`
	Follows     string      `json:"follows,omitempty"`
	Action      string      `json:"action,omitempty"`
	DueAt       time.Time   `json:"dueAt"`
	Reason      *reasonData `json:"reason,omitempty"`
	Items       []partData  `json:"items,omitempty"`
}

// Delivery tells that d turned to its state.
func Delivery(d domain.Delivery, now time.Time) Entry {
	data := deliveryData{
		Delivery: string(d.ID), Post: string(d.Post), Integration: string(d.Channel),
		Provider: string(d.Provider), State: string(d.State), Occurrence: d.Occurrence,
		Follows: string(d.Follows), Action: string(d.Action), DueAt: d.DueAt, Reason: reasonOf(d.Reason),
	}
	for _, p := range d.Parts {
		if p.Ref != nil {
			data.Items = append(data.Items, partData{ID: p.Ref.ID, URL: p.Ref.URL, PublishedAt: &p.PublishedAt})
		}
	}
	return Entry{domain.Event{
		Organization: d.Organization, Kind: domain.DeliveryEvent(d.State),
		Post: d.Post, Subject: string(d.ID), At: now,
	}, data}
}

type postData struct {
	Post     string    `json:"postId"`
	Summary  string    `json:"state"`
	DueAt    time.Time `json:"dueAt,omitzero"`
	Revision int       `json:"revision"`
}

// Post tells something about p: a kind of its own, or that its summary
// turned to sum.
func Post(p domain.Post, kind domain.EventKind, sum domain.Summary, now time.Time) Entry {
	return Entry{domain.Event{
		Organization: p.Organization, Kind: kind, Post: p.ID, Subject: string(p.ID), At: now,
	}, postData{Post: string(p.ID), Summary: string(sum), DueAt: p.DueAt, Revision: p.Revision}}
}

// Turned tells that d, a delivery of p, turned to its state, and what that makes
// of the post. all are the states of the deliveries of p that belong together
// with d, itself among them: those of the same occurrence. What follows a
// delivery makes nothing of the post.
func Turned(p domain.Post, d domain.Delivery, all []domain.DeliveryState, now time.Time) []Entry {
	out := []Entry{Delivery(d, now)}
	if d.Follows != "" {
		return out
	}
	sum := domain.Summarize(domain.PostScheduled, all)
	switch {
	case d.State.NeedsAttention():
		out = append(out, Post(p, domain.EventKind("post."+string(d.State)), sum, now))
	case d.State == domain.DeliveryPublished && (sum == domain.SummaryPublished || sum == domain.SummaryPartlyPublished):
		out = append(out, Post(p, domain.PostEvent(sum), sum, now))
	}
	return out
}

type approvalData struct {
	Post string `json:"postId"`
	Hash string `json:"contentHash"`
	By   string `json:"by,omitempty"`
	Note string `json:"note,omitempty"`
}

// Approval tells what p.Approval turned to.
func Approval(p domain.Post, kind domain.EventKind, now time.Time) Entry {
	return Entry{domain.Event{
		Organization: p.Organization, Kind: kind, Post: p.ID, Subject: string(p.ID), At: now,
	}, approvalData{Post: string(p.ID), Hash: p.Approval.Hash, By: string(p.Approval.By), Note: p.Approval.Note}}
}

type pauseData struct {
	By     string `json:"by,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// pauseOf is nil for what is not paused.
func pauseOf(p domain.Pause) *pauseData {
	if !p.Active() {
		return nil
	}
	return &pauseData{By: string(p.By), Reason: p.Reason}
}

type organizationData struct {
	Organization string     `json:"organizationId"`
	Name         string     `json:"name"`
	Paused       *pauseData `json:"paused,omitempty"`
}

// Organization tells something about o.
func Organization(o domain.Organization, kind domain.EventKind, now time.Time) Entry {
	return Entry{domain.Event{
		Organization: o.ID, Kind: kind, Subject: string(o.ID), At: now,
	}, organizationData{Organization: string(o.ID), Name: o.Name, Paused: pauseOf(o.Paused)}}
}

type memberData struct {
	User string `json:"userId"`
	Role string `json:"role"`
	By   string `json:"by,omitempty"`
}

// Member tells what became of m, and who did it: by is empty for a program.
func Member(m domain.Member, kind domain.EventKind, by domain.UserID, now time.Time) Entry {
	return Entry{domain.Event{
		Organization: m.Organization, Kind: kind, Subject: string(m.User), At: now,
	}, memberData{User: string(m.User), Role: string(m.Role), By: string(by)}}
}

type channelData struct {
	Integration string     `json:"integrationId"`
	Provider    string     `json:"provider"`
	Name        string     `json:"name"`
	State       string     `json:"state"`
	Reason      string     `json:"reason,omitempty"`
	Paused      *pauseData `json:"paused,omitempty"`
}

// Channel tells something about c.
func Channel(c domain.Channel, kind domain.EventKind, now time.Time) Entry {
	return Entry{domain.Event{
		Organization: c.Organization, Kind: kind, Subject: string(c.ID), At: now,
	}, channelData{
		Integration: string(c.ID), Provider: string(c.Provider), Name: c.Name,
		State: string(c.State), Reason: c.StateReason, Paused: pauseOf(c.Paused),
	}}
}

type expiringData struct {
	channelData
	ExpiresAt time.Time `json:"expiresAt"`
	// Problem is why the sign-in is not renewed by itself, where it should be.
	Problem string `json:"problem,omitempty"`
	// Behind counts the scheduled deliveries that are due after ExpiresAt.
	Behind int `json:"scheduledBehind"`
}

// Expiring warns that the credential of c ends, and that behind deliveries are
// scheduled after that.
func Expiring(c domain.Channel, behind int, now time.Time) Entry {
	e := Channel(c, domain.EventChannelExpiring, now)
	e.data = expiringData{e.data.(channelData), c.SecretExpires, c.RefreshProblem, behind}
	return e
}

type mediaData struct {
	Media string `json:"mediaId"`
	Name  string `json:"name"`
	MIME  string `json:"type"`
	Bytes int64  `json:"bytes"`
}

// Media tells something about m.
func Media(m domain.Media, kind domain.EventKind, now time.Time) Entry {
	return Entry{domain.Event{
		Organization: m.Organization, Kind: kind, Subject: string(m.ID), At: now,
	}, mediaData{Media: string(m.ID), Name: m.Name, MIME: m.MIME, Bytes: m.Bytes}}
}
