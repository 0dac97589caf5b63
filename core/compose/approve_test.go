package compose_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/testkit/enginetest"
)

// desk is an organization whose posts ann writes and the owner approves.
type desk struct {
	*enginetest.Engine
	t        *testing.T
	ann, bob domain.Actor // bob is an admin
	channel  domain.Channel
}

func newDesk(t *testing.T, required bool) *desk {
	t.Helper()
	e := enginetest.New(t)
	d := &desk{
		Engine: e, t: t, channel: e.Connect(e.Owner, "acme"),
		ann: enginetest.As(e.Owner, domain.RoleUser, "ann"), bob: enginetest.As(e.Owner, domain.RoleAdmin, "bob"),
	}
	_, err := e.Store.Organizations().Update(t.Context(), e.Org.ID, func(o *domain.Organization) error {
		o.RequireApproval = required
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// in is a post with a text; "draft" stays one, "review" asks for a review, and
// "later" moves it.
func (d *desk) in(text string, how ...string) core.PostInput {
	in := core.PostInput{
		Items: []domain.Item{{Text: text}}, Targets: []domain.Target{{Channel: d.channel.ID}},
		When: core.At, Time: "2026-03-01T15:00:00Z", Review: slices.Contains(how, "review"),
	}
	if slices.Contains(how, "later") {
		in.Time = "2026-03-01T18:00:00Z"
	}
	if slices.Contains(how, "draft") {
		in.When = core.Draft
	}
	return in
}

func (d *desk) create(a domain.Actor, text string, how ...string) domain.Post {
	d.t.Helper()
	v, err := d.Posts.Create(d.t.Context(), a, d.in(text, how...))
	if err != nil {
		d.t.Fatal(err)
	}
	return v.Post
}

// last is the newest event of a post that is about its approval.
func (d *desk) last(id domain.PostID) string {
	d.t.Helper()
	evs, err := d.Store.Outbox().OfPost(d.t.Context(), d.Org.ID, id, 1)
	if err != nil || len(evs) != 1 {
		d.t.Fatalf("got %d events and %v", len(evs), err)
	}
	return string(evs[0].Kind)
}

func TestWhatAnEditDoesToAnApproval(t *testing.T) {
	t.Parallel()
	const (
		none      = domain.ApprovalNone
		requested = domain.ApprovalRequested
		approved  = domain.ApprovalApproved
		rejected  = domain.ApprovalRejected
	)
	type step struct {
		who  string // ann writes, bob and the owner may approve
		what string // a text, or a verdict
		how  []string
		want domain.ApprovalState
		// event is the newest event of the post then.
		event string
	}
	for name, tc := range map[string]struct {
		required bool
		steps    []step
	}{
		"nobody asks": {false, []step{{"ann", "a", nil, none, "post.scheduled"}, {"bob", "b", nil, approved, "post.edited"}, {"ann", "c", nil, none, "post.edited"}}},
		"the author asks": {false, []step{
			{"ann", "a", []string{"review"}, requested, "post.approval_requested"},
			{"bob", "approve", nil, approved, "post.approved"},
			{"ann", "b", nil, requested, "post.approval_withdrawn"},
			{"ann", "c", nil, requested, "post.edited"},
		}},
		"an edit withdraws it": {true, []step{
			{"ann", "a", nil, requested, "post.approval_requested"},
			{"bob", "approve", nil, approved, "post.approved"},
			{"ann", "a", []string{"later"}, approved, "post.edited"},
			{"ann", "b", nil, requested, "post.approval_withdrawn"},
		}},
		"who may approve does so by writing": {true, []step{
			{"bob", "a", nil, approved, "post.approved"},
			{"bob", "b", nil, approved, "post.approved"},
			{"bob", "b", []string{"review"}, requested, "post.approval_requested"},
		}},
		"moving is not reading": {true, []step{
			{"ann", "a", nil, requested, "post.approval_requested"},
			{"bob", "a", []string{"later"}, requested, "post.edited"},
			{"bob", "b", nil, approved, "post.approved"},
		}},
		"a draft asks nobody": {true, []step{
			{"ann", "a", []string{"draft"}, none, "post.drafted"},
			{"ann", "a", nil, requested, "post.approval_requested"},
		}},
		"unless its author asks": {true, []step{
			{"ann", "a", []string{"draft", "review"}, requested, "post.approval_requested"},
			{"bob", "approve", nil, approved, "post.approved"},
			{"ann", "a", []string{"review"}, approved, "post.scheduled"},
		}},
		"an admin books a draft unread": {true, []step{
			{"ann", "a", []string{"draft"}, none, "post.drafted"}, {"bob", "a", nil, requested, "post.approval_requested"},
		}},
		"rejected": {true, []step{
			{"ann", "a", nil, requested, "post.approval_requested"},
			{"bob", "reject", nil, rejected, "post.rejected"},
			{"bob", "reject", nil, rejected, "post.rejected"},
			{"ann", "a", []string{"later"}, rejected, "post.edited"},
			{"bob", "a", nil, rejected, "post.edited"},
			{"ann", "b", []string{"draft"}, rejected, "post.drafted"},
			{"ann", "b", nil, requested, "post.approval_requested"},
			{"ann", "request", nil, requested, "post.approval_requested"},
			{"ann", "c", nil, requested, "post.edited"},
		}},
		"rejected and mended": {true, []step{
			{"ann", "a", nil, requested, "post.approval_requested"},
			{"bob", "reject", nil, rejected, "post.rejected"},
			{"ann", "b", nil, requested, "post.approval_requested"},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, tc.required)
			var p domain.Post
			for i, st := range tc.steps {
				a := map[string]domain.Actor{"ann": d.ann, "bob": d.bob}[st.who]
				var v core.PostView
				var err error
				seen := core.Seen{Hash: p.ContentHash()}
				switch {
				case i == 0:
					v.Post = d.create(a, st.what, st.how...)
				case st.what == "approve":
					v, err = d.Posts.Approve(t.Context(), a, p.ID, seen)
				case st.what == "reject":
					v, err = d.Posts.Reject(t.Context(), a, p.ID, seen, "Why.")
				case st.what == "request":
					v, err = d.Posts.RequestApproval(t.Context(), a, p.ID, "")
				default:
					v, err = d.Posts.Update(t.Context(), a, p.ID, 0, d.in(st.what, st.how...))
				}
				if err != nil {
					t.Fatalf("step %d: %v", i+1, err)
				}
				p = v.Post
				if got := p.Approval.State; got != st.want {
					t.Errorf("step %d: got the approval %q, want %q", i+1, got, st.want)
				}
				if got := d.last(p.ID); got != st.event {
					t.Errorf("step %d: got the event %s, want %s", i+1, got, st.event)
				}
			}
		})
	}
}

func TestWhoMayApproveWhat(t *testing.T) {
	t.Parallel()
	d := newDesk(t, true)
	p := d.create(d.ann, "a")
	_, stranger := d.NewOrganization("")
	seen := core.Seen{Hash: p.ContentHash()}
	for name, tc := range map[string]struct {
		a    domain.Actor
		seen core.Seen
		want error
	}{
		"the author":           {d.ann, seen, &fault.Error{Kind: fault.Denied}},
		"another user":         {enginetest.As(d.ann, domain.RoleUser, "cid"), seen, &fault.Error{Kind: fault.Denied}},
		"a viewer":             {enginetest.As(d.ann, domain.RoleViewer, "vic"), seen, &fault.Error{Kind: fault.Denied}},
		"another organization": {stranger, seen, &fault.Error{Kind: fault.NotFound}},
		"nothing seen":         {d.bob, core.Seen{}, &fault.Error{Kind: fault.Invalid}},
		"something else seen":  {d.bob, core.Seen{Hash: "1:else"}, &fault.Error{Kind: fault.Stale}},
		"another version seen": {d.bob, core.Seen{Version: p.Version + 7}, &fault.Error{Kind: fault.Stale}},
	} {
		if _, err := d.Posts.Approve(t.Context(), tc.a, p.ID, tc.seen); !errors.Is(err, tc.want) {
			t.Errorf("%s approves: got %v, want %v", name, err, tc.want)
		}
		if _, err := d.Posts.Reject(t.Context(), tc.a, p.ID, tc.seen, ""); !errors.Is(err, tc.want) {
			t.Errorf("%s rejects: got %v, want %v", name, err, tc.want)
		}
	}
	for name, note := range map[string]string{"too long": strings.Repeat("x", 2001), "a NUL": "a\x00"} {
		if _, err := d.Posts.Reject(t.Context(), d.bob, p.ID, seen, note); !errors.Is(err, &fault.Error{Kind: fault.Invalid}) {
			t.Errorf("a note that is %s: got %v, want it refused", name, err)
		}
	}
	if _, err := d.Posts.RequestApproval(t.Context(), enginetest.As(d.ann, domain.RoleUser, "cid"), p.ID, ""); !errors.Is(err, &fault.Error{Kind: fault.Denied}) {
		t.Errorf("another user asks: got %v, want denied", err)
	}
	v, err := d.Posts.Get(t.Context(), d.ann, p.ID)
	if err != nil || v.Post.Approval.State != domain.ApprovalRequested {
		t.Errorf("got %+v and %v, want it as it was", v.Post.Approval, err)
	}
}
