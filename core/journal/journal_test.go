package journal_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/memstore"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/journal"
)

// TestWhatSubscribersSee fixes the JSON of every kind of event: programs of
// others read it.
func TestWhatSubscribersSee(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	st := memstore.New()
	n := 0
	j := journal.New(func() string { n++; return string(rune('a' + n)) })
	d := domain.Delivery{
		ID: "d1", Organization: "o", Post: "p1", Channel: "c1", Provider: "x", State: domain.DeliveryFailed, DueAt: now,
		Reason: domain.Reason{Code: "rejected", Message: "No.", Evidence: "evidence-for-operators"},
		Cursor: domain.Cursor{State: []byte(`"cursor-state"`)},
		Parts:  []domain.Part{{Ref: &domain.Ref{ID: "r1", URL: "https://x.example/r1", Extra: map[string]string{"k": "extra-of-ref"}}, PublishedAt: now}, {}},
	}
	p := domain.Post{ID: "p1", Organization: "o", DueAt: now, Revision: 3, Items: []domain.Item{{Text: "text-of-post"}}}
	c := domain.Channel{
		ID: "c1", Organization: "o", Provider: "x", Name: "Ann", State: domain.ChannelReconnect, StateReason: "Why.",
		Secret: "sealed-secret", Traits: map[string]string{"t": "trait-of-account"},
	}
	p.Approval = domain.Approval{State: domain.ApprovalRejected, Hash: "1:ab", By: "u1", Note: "No."}
	held := c
	held.State, held.StateReason, held.Paused = domain.ChannelActive, "", domain.Pause{By: "u1", At: now, Reason: "Storm."}
	org := domain.Organization{ID: "o", Name: "Acme", Paused: held.Paused}
	m := domain.Media{ID: "m1", Organization: "o", Name: "a.png", MIME: "image/png", Bytes: 7, Key: "key-of-media"}
	ctx := t.Context()
	for i, err := range []error{
		j.Append(ctx, st, journal.Delivery(d, now)), j.Append(ctx, st, journal.Post(p, domain.EventPostEdited, domain.SummaryScheduled, now)),
		j.Append(ctx, st, journal.Post(domain.Post{ID: "p2", Organization: "o", Revision: 1}, domain.EventPostDrafted, domain.SummaryDraft, now)),
		j.Append(ctx, st, journal.Channel(c, domain.EventChannelReconnect, now)), j.Append(ctx, st, journal.Media(m, domain.EventMediaReady, now)),
		j.Append(ctx, st, journal.Approval(p, domain.EventRejected, now)), j.Append(ctx, st, journal.Channel(held, domain.EventChannelPaused, now)),
		j.Append(ctx, st, journal.Organization(org, domain.EventOrganizationPaused, now)),
	} {
		if err != nil {
			t.Fatalf("event %d: %v", i, err)
		}
	}
	want := []struct{ kind, post, subject, data string }{
		{
			"delivery.failed", "p1", "d1",
			`{"deliveryId":"d1","postId":"p1","integrationId":"c1","provider":"x","state":"failed","dueAt":"2026-03-01T12:00:00Z",` +
				`"reason":{"code":"rejected","message":"No."},"items":[{"id":"r1","url":"https://x.example/r1","publishedAt":"2026-03-01T12:00:00Z"}]}`,
		},
		{"post.edited", "p1", "p1", `{"postId":"p1","state":"scheduled","dueAt":"2026-03-01T12:00:00Z","revision":3}`},
		{"post.drafted", "p2", "p2", `{"postId":"p2","state":"draft","revision":1}`},
		{"channel.reconnect_needed", "", "c1", `{"integrationId":"c1","provider":"x","name":"Ann","state":"reconnect_needed","reason":"Why."}`},
		{"media.ready", "", "m1", `{"mediaId":"m1","name":"a.png","type":"image/png","bytes":7}`},
		{"post.rejected", "p1", "p1", `{"postId":"p1","contentHash":"1:ab","by":"u1","note":"No."}`},
		{"channel.paused", "", "c1", `{"integrationId":"c1","provider":"x","name":"Ann","state":"active","paused":{"by":"u1","reason":"Storm."}}`},
		{"organization.paused", "", "o", `{"organizationId":"o","name":"Acme","paused":{"by":"u1","reason":"Storm."}}`},
	}
	got, err := st.Outbox().Pending(ctx, 10)
	if err != nil || len(got) != len(want) {
		t.Fatalf("got %d events, %v; want %d", len(got), err, len(want))
	}
	for i, ev := range got {
		w := want[i]
		if string(ev.Kind) != w.kind || string(ev.Post) != w.post || ev.Subject != w.subject || string(ev.Data) != w.data ||
			ev.Organization != "o" || !ev.At.Equal(now) || ev.ID == "" || !json.Valid(ev.Data) {
			t.Errorf("got %+v with %s, want %+v", ev, ev.Data, w)
		}
		for _, secret := range []string{"evidence-for-operators", "cursor-state", "extra-of-ref", "text-of-post", "sealed-secret", "trait-of-account", "key-of-media"} {
			if strings.Contains(string(ev.Data), secret) {
				t.Errorf("%s tells %s", ev.Kind, secret)
			}
		}
	}
}
