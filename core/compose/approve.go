package compose

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/crierhq/crier/core/audit"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/core/journal"
	"github.com/crierhq/crier/core/unblock"
	"github.com/crierhq/crier/ports/permit"
	"github.com/crierhq/crier/ports/store"
)

// ApprovalMissing is the code of domain.Reason of what waits for an approval.
const ApprovalMissing = "approval_missing"

// maxNote bounds what a person says about an approval, in characters.
const maxNote = 2000

// Seen says what a person had read who approves or rejects a post, so that
// nobody decides about what they have not seen. At least one is required.
type Seen struct {
	// Hash is the domain.Post.ContentHash of it.
	Hash string
	// Version is the post's version. It also grows when nothing of the content
	// changes.
	Version int
}

func (s Seen) problems() []fault.Problem {
	if s.Hash != "" || s.Version != 0 {
		return nil
	}
	return []fault.Problem{{Field: "contentHash", Rule: "required", Message: "Say which content you have read: its contentHash, or the version of the post in the header If-Match."}}
}

// RequestApproval asks those who may approve to look at a post. From now on it
// needs an approval even where its organization asks for none, and one that it
// had counts no more. note is for whoever looks at it. It is a Conflict fault
// "too_late" while a change is on its way.
func (s *Service) RequestApproval(ctx context.Context, a domain.Actor, id domain.PostID, note string) (View, error) {
	if err := s.cfg.Access.Check(a, permit.Posts, permit.Update); err != nil {
		return View{}, err
	}
	return s.rule(ctx, a, id, Seen{}, domain.Approval{State: domain.ApprovalRequested, Note: note}, domain.EventApprovalRequested)
}

// Approve lets exactly the content that the actor has seen be published. What
// waits for that goes on at once, or is missed if it is too late. Another
// content or version is a Stale fault.
func (s *Service) Approve(ctx context.Context, a domain.Actor, id domain.PostID, seen Seen) (View, error) {
	if err := s.cfg.Access.Check(a, permit.Approvals, permit.Update); err != nil {
		return View{}, err
	}
	if err := fault.Check(seen.problems()); err != nil {
		return View{}, err
	}
	return s.rule(ctx, a, id, seen, domain.Approval{State: domain.ApprovalApproved}, domain.EventApproved)
}

// Reject keeps a post from being published until it was changed or somebody
// approves it after all. note says why, and is kept in the history. Another
// content or version than the actor has seen is a Stale fault; it is a Conflict
// fault "too_late" while a change is on its way.
func (s *Service) Reject(ctx context.Context, a domain.Actor, id domain.PostID, seen Seen, note string) (View, error) {
	if err := s.cfg.Access.Check(a, permit.Approvals, permit.Update); err != nil {
		return View{}, err
	}
	if err := fault.Check(seen.problems()); err != nil {
		return View{}, err
	}
	return s.rule(ctx, a, id, seen, domain.Approval{State: domain.ApprovalRejected, Note: note}, domain.EventRejected)
}

// rule puts the next word on the content of a post, and stops or lets go on
// what that means for its deliveries.
func (s *Service) rule(ctx context.Context, a domain.Actor, id domain.PostID, seen Seen, next domain.Approval, kind domain.EventKind) (View, error) {
	next.Note = strings.TrimSpace(next.Note)
	if err := fault.Check(noteProblems(next.Note)); err != nil {
		return View{}, err
	}
	now := domain.Instant(s.cfg.Now())
	err := s.cfg.Store.InTx(ctx, func(ctx context.Context, r store.Repos) error {
		p, err := s.lock(ctx, r, a, permit.Update, id, seen.Version)
		if err != nil {
			return err
		}
		next.Hash = p.ContentHash()
		if seen.Hash != "" && seen.Hash != next.Hash {
			return &fault.Error{Kind: fault.Stale, Code: "stale", Message: "The post was changed since you read it. Read it again first."}
		}
		if old := p.Approval; old.State == next.State && old.Hash == next.Hash && old.Note == next.Note {
			return nil // it was said before
		}
		next.By, next.At = a.User, now
		// Whoever rejects a post or asks about it means it, whatever its
		// organization wants.
		next.Review = p.Approval.Review || next.State != domain.ApprovalApproved
		if p, err = r.Posts().Update(ctx, a.Organization, id, func(p *domain.Post) error {
			p.Approval, p.UpdatedAt = next, now
			return nil
		}); err != nil {
			return err
		}
		if err := s.tellRuling(ctx, r, a, p, kind, now); err != nil {
			return err
		}
		return s.reconsider(ctx, r, p, now)
	})
	if err != nil {
		return View{}, fmt.Errorf("approval of post %s: %w", id, err)
	}
	s.cfg.Wake()
	return s.Get(ctx, a, id)
}

// tellRuling writes down what a said of p: for subscribers, and for the audit
// log.
func (s *Service) tellRuling(ctx context.Context, r store.Repos, a domain.Actor, p domain.Post, kind domain.EventKind, now time.Time) error {
	e := audit.Post(p, kind, audit.Changes([3]string{"contentHash", "", p.Approval.Hash}, [3]string{"note", "", p.Approval.Note})...)
	if err := s.cfg.Audit.Append(ctx, r, a, e); err != nil {
		return err
	}
	return s.tellApproval(ctx, r, p, kind, now)
}

func noteProblems(note string) []fault.Problem {
	switch n := utf8.RuneCountInString(note); {
	case !storable(note):
		return []fault.Problem{{Field: "note", Rule: "characters", Message: "This holds characters that cannot be stored."}}
	case n > maxNote:
		return []fault.Problem{{Field: "note", Rule: "too_long", Message: fmt.Sprintf("This has %d characters; %d are allowed.", n, maxNote)}}
	}
	return nil
}

// tellApproval appends the event kind of the approval of p, if there is one.
func (s *Service) tellApproval(ctx context.Context, r store.Repos, p domain.Post, kind domain.EventKind, now time.Time) error {
	if kind == "" {
		return nil
	}
	return s.cfg.Journal.Append(ctx, r, journal.Approval(p, kind, now))
}

// reconsider takes the deliveries of p out of the hands of the workers, who may
// be about to send what they should not, or to block what may go out by now. An
// approval lets those go on that waited for it.
func (s *Service) reconsider(ctx context.Context, r store.Repos, p domain.Post, now time.Time) error {
	deliveries, err := r.Deliveries().OfPosts(ctx, p.Organization, p.ID)
	if err != nil || len(deliveries) == 0 {
		return err
	}
	org, err := r.Organizations().Get(ctx, p.Organization)
	if err != nil {
		return err
	}
	for _, d := range deliveries {
		var was domain.DeliveryState
		d, err := r.Deliveries().Update(ctx, p.Organization, d.ID, func(d *domain.Delivery) error {
			was = d.State
			return s.obey(d, p, org, now)
		})
		if err != nil {
			return err
		}
		if d.State == was {
			continue
		}
		if err := s.tell(ctx, r, p, d, now); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) obey(d *domain.Delivery, p domain.Post, org domain.Organization, now time.Time) error {
	approved := p.Approval.State == domain.ApprovalApproved
	switch {
	case approved && d.State == domain.DeliveryBlocked && d.Reason.Code == ApprovalMissing:
		return unblock.Turn(d, org, unblock.Cause{TooLate: "It was approved too late.", LateWindow: s.cfg.LateWindow}, now)
	case d.Editable():
		return d.Recall(now)
	case !approved && d.Underway() && !p.Recurs():
		return tooLate("it is on its way")
	case !approved && d.Underway():
		d.Keep(p) // the occurrence that has begun was let out; the next ones wait
	}
	return nil
}

// judge says what becomes of the approval of a post that a wrote or edited:
// before is its content before that. It returns the event that tells of it, or
// nothing.
func (pl *plan) judge(a domain.Actor, p *domain.Post, before string) domain.EventKind {
	e := edit{
		old: p.Approval, draft: p.State == domain.PostDraft, review: pl.in.Review, own: p.Author == a.User,
		mayApprove: pl.mayApprove,
	}
	next := domain.Approval{Hash: p.ContentHash(), Review: e.old.Review || e.review, By: a.User, At: pl.now}
	e.needed = pl.org.RequireApproval || next.Review
	e.changed = next.Hash != before
	e.known = e.old.State != domain.ApprovalNone && e.old.Hash == next.Hash
	// An approval by somebody else stands, however often the author asks.
	e.review = e.review && (!p.Approved() || e.old.By == a.User)
	state, stays := e.state()
	switch {
	case stays:
		return ""
	case state == domain.ApprovalNone:
		p.Approval = domain.Approval{}
		return ""
	}
	next.State = state
	p.Approval = next
	return e.event(state)
}

// edit is what happened to a post, as far as its approval is concerned.
type edit struct {
	old     domain.Approval
	changed bool // the content is another one
	known   bool // the last word is about this content
	draft   bool // it is not to be published yet
	review  bool // an approval is asked for now
	needed  bool // it cannot be published without one
	// own says that the author did it, and mayApprove that whoever did it may
	// approve.
	own, mayApprove bool
}

// state is what the approval turns to, unless it stays as it is.
func (e edit) state() (next domain.ApprovalState, stays bool) {
	switch {
	case e.review:
		return domain.ApprovalRequested, false
	case !e.changed && e.known:
		return "", true // moved, not edited
	case e.mayApprove && (e.changed || e.own):
		return domain.ApprovalApproved, false
	case !e.needed:
		return domain.ApprovalNone, false
	case e.draft && (e.old.State == domain.ApprovalNone || e.old.State == domain.ApprovalRejected):
		return "", true // nobody is asked about a draft, unless its author asks
	default:
		return domain.ApprovalRequested, false
	}
}

// event is what tells that the approval turned to next, or nothing.
func (e edit) event(next domain.ApprovalState) domain.EventKind {
	switch {
	case next == domain.ApprovalApproved && e.needed:
		return domain.EventApproved
	case next == domain.ApprovalApproved || e.old.State == domain.ApprovalRequested:
		return "" // nobody asked, or they know already
	case e.old.State == domain.ApprovalApproved && e.changed:
		return domain.EventApprovalWithdrawn
	default:
		return domain.EventApprovalRequested
	}
}
