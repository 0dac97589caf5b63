package publish

import (
	"errors"
	"strings"
	"time"

	"github.com/crierhq/crier/core/compose"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/pause"
)

// errHeld means that something holds the delivery back by now. Nothing was
// changed.
var errHeld = errors.New("the delivery is held back")

// paused returns the pause in force, if there is one, and what it holds back.
func (j *job) paused() (what string, p domain.Pause) {
	switch {
	case j.all.Active():
		return "Publishing is paused on this whole installation", j.all
	case j.org.Paused.Active():
		return "Publishing is paused for this organization", j.org.Paused
	default:
		return "This channel is paused", j.ch.Paused
	}
}

// reviewed reports whether the approval of the post concerns j. One that keeps
// what it publishes had begun before the post was edited: that content was let
// out. So was what follows, unless somebody has changed their mind since.
func (j *job) reviewed() bool {
	return j.d.Kept == nil || j.d.Follows != "" && !j.post.Recurs()
}

// needsApproval reports whether somebody has to approve of the post first, by what
// its organization wants now.
func (j *job) needsApproval() bool {
	return j.unapproved && j.post.Approval.Wanted(j.org.RequireApproval)
}

// heldBack says why people do not want it to be published now, if they do not.
func (j *job) heldBack() (domain.Reason, bool) {
	if what, p := j.paused(); p.Active() {
		if j.who != "" {
			what += " by " + j.who
		}
		msg := what + ". It goes on when somebody resumes it."
		return domain.Reason{Code: pause.Code, Message: strings.TrimSpace(msg + " " + p.Reason)}, true
	}
	if j.needsApproval() {
		return domain.Reason{Code: compose.ApprovalMissing, Message: unapproved(j.post)}, true
	}
	return domain.Reason{}, false
}

func unapproved(p domain.Post) string {
	switch p.Approval.State {
	case domain.ApprovalRejected:
		return strings.TrimSpace("It was rejected, and is not published like this. " + p.Approval.Note)
	case domain.ApprovalApproved:
		return "It was changed after it was approved, and needs another approval."
	default:
		return "It needs an approval before it is published."
	}
}

// lookEvery is how often it is looked at while it is blocked.
func (j *job) lookEvery() time.Duration {
	if r, ok := j.blocked(); ok && r.Code == pause.Code {
		return pausedLook
	}
	return blockedLook
}
