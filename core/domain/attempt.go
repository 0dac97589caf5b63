package domain

import (
	"strconv"
	"time"

	"github.com/crierhq/crier/core/fault"
)

// AttemptResult is what one call that could change something came to.
type AttemptResult string

// The results. An attempt without one is an intent whose outcome nobody has
// recorded yet.
const (
	AttemptOpen     AttemptResult = ""         // on record, no result yet
	AttemptAccepted AttemptResult = "accepted" // the platform has it; see Ref or the delivery's cursor
	AttemptRefused  AttemptResult = "refused"  // proven: the platform did not do it
	AttemptUnknown  AttemptResult = "unknown"  // it may have happened
)

// Attempt is one call that could change something on the platform, written
// down before it was made and after. Attempts are never deleted.
type Attempt struct {
	ID           AttemptID
	Organization OrganizationID
	Post         PostID
	Delivery     DeliveryID
	// Item is the index of the item it publishes.
	Item int
	// Number counts the attempts of the delivery, starting at 1.
	Number int
	// Key is stable for one (delivery, item, revision). Platforms that accept
	// one get it, so that a repeated call is not a second change.
	Key       string
	Revision  int
	StartedAt time.Time
	EndedAt   time.Time
	Result    AttemptResult
	// Reason says why, for a result other than accepted.
	Reason Reason
	// Status is the HTTP status, 0 if there was none.
	Status int
	Ref    *Ref
}

// AttemptKey is the key of an item of a delivery at one revision.
func AttemptKey(d DeliveryID, item, revision int) string {
	return string(d) + "." + strconv.Itoa(item) + "." + strconv.Itoa(revision)
}

// End records what became of the attempt. A result is final, except that an
// unknown one may be cleared up by what is found later.
func (a *Attempt) End(res AttemptResult, r Reason, status int, ref *Ref, now time.Time) error {
	if a.Result != AttemptOpen && a.Result != AttemptUnknown {
		return fault.New(fault.Conflict, "attempt_ended", "The attempt already ended as %s.", a.Result)
	}
	a.Result, a.Reason, a.Status, a.Ref, a.EndedAt = res, r, status, ref, Instant(now)
	return nil
}
