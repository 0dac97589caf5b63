package domain

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/crierhq/crier/core/fault"
)

// DeliveryState is where a delivery stands.
type DeliveryState string

// The states of a delivery, in the order a healthy one passes through them.
// See docs/architecture.md for the picture.
const (
	// DeliveryScheduled waits for WakeAt. Nothing was sent.
	DeliveryScheduled DeliveryState = "scheduled"
	// DeliveryPreparing makes uploads and containers. Nothing is visible.
	DeliveryPreparing DeliveryState = "preparing"
	// DeliveryPublishing has an intent on record or an item out, and more to do.
	DeliveryPublishing DeliveryState = "publishing"
	// DeliveryProcessing waits for the platform, which has it and works on it.
	DeliveryProcessing DeliveryState = "processing"
	// DeliveryPublished is out, every item of it.
	DeliveryPublished DeliveryState = "published"
	// DeliveryFailed is definitely not out, or not all of it; see Parts.
	DeliveryFailed DeliveryState = "failed"
	// DeliveryUnknown may be out, and nobody could prove it.
	DeliveryUnknown DeliveryState = "unknown"
	// DeliveryBlocked waits for a person to mend its channel.
	DeliveryBlocked DeliveryState = "blocked"
	// DeliveryMissed could not start inside the late window.
	DeliveryMissed DeliveryState = "missed"
	// DeliveryCanceled was withdrawn before anything was sent.
	DeliveryCanceled DeliveryState = "canceled"
)

// DeliveryStates lists every state, for exhaustive tables and their tests.
func DeliveryStates() []DeliveryState {
	return []DeliveryState{
		DeliveryScheduled, DeliveryPreparing, DeliveryPublishing, DeliveryProcessing, DeliveryPublished,
		DeliveryFailed, DeliveryUnknown, DeliveryBlocked, DeliveryMissed, DeliveryCanceled,
	}
}

// moves is the whole state machine: what each state may become. A state may
// always stay what it is.
var moves = map[DeliveryState][]DeliveryState{
	DeliveryScheduled:  {DeliveryPreparing, DeliveryBlocked, DeliveryMissed, DeliveryCanceled},
	DeliveryPreparing:  {DeliveryScheduled, DeliveryPublishing, DeliveryFailed, DeliveryBlocked, DeliveryMissed, DeliveryCanceled},
	DeliveryPublishing: {DeliveryScheduled, DeliveryProcessing, DeliveryPublished, DeliveryFailed, DeliveryUnknown, DeliveryBlocked},
	DeliveryProcessing: {DeliveryPublishing, DeliveryPublished, DeliveryFailed, DeliveryUnknown},
	DeliveryPublished:  {},
	DeliveryFailed:     {DeliveryScheduled, DeliveryPublishing, DeliveryCanceled},
	DeliveryUnknown:    {DeliveryScheduled, DeliveryPublishing, DeliveryPublished},
	DeliveryBlocked:    {DeliveryScheduled, DeliveryPublishing, DeliveryFailed, DeliveryMissed, DeliveryCanceled},
	DeliveryMissed:     {DeliveryScheduled, DeliveryCanceled},
	DeliveryCanceled:   {},
}

// CanBecome reports whether s may turn into next.
func (s DeliveryState) CanBecome(next DeliveryState) bool {
	return s == next || slices.Contains(moves[s], next)
}

// Moving reports whether the engine is at work on it.
func (s DeliveryState) Moving() bool {
	return s == DeliveryPreparing || s == DeliveryPublishing || s == DeliveryProcessing
}

// NeedsAttention reports whether only a person can bring it further.
func (s DeliveryState) NeedsAttention() bool {
	switch s {
	case DeliveryFailed, DeliveryUnknown, DeliveryBlocked, DeliveryMissed:
		return true
	default:
		return false
	}
}

// Ref is where a published item can be found again.
type Ref struct {
	// ID is the platform's own id of the item.
	ID string
	// URL is where people see it. It may be empty.
	URL string
	// Extra is what its provider needs beside the ID to answer, edit or delete
	// it later. It may be nil.
	Extra map[string]string
}

// Step names the provider call that a Cursor waits for.
type Step string

// The steps after the first.
const (
	StepCheck   Step = "check"
	StepPublish Step = "publish"
)

// Cursor is a provider's progress through a publication that takes more than
// one call. The engine stores it before acting on it and never looks inside
// State. The zero Cursor means: from the start.
type Cursor struct {
	Next  Step
	State json.RawMessage
	// After is how long to wait at least before the next step.
	After time.Duration
}

// IsZero reports whether c is the zero Cursor.
func (c Cursor) IsZero() bool { return c.Next == "" && len(c.State) == 0 }

// Part is the progress of one item of a delivery.
type Part struct {
	// Ref is set once the item is out.
	Ref         *Ref
	PublishedAt time.Time
}

// ReasonIncomplete is the code of a Reason that says what of a published item
// did not work. It stays with the delivery.
const ReasonIncomplete = "incomplete"

// Reason says why a delivery is where it is.
type Reason struct {
	// Code is a stable word, such as a social.Code or "late".
	Code string
	// Message is for the author: plain, without secrets.
	Message string
	// Evidence is for the operator: a clipped, redacted answer. It may be empty.
	Evidence string
}

// Lease is a worker's right to act on a delivery. Token grows with every
// lease, so that a worker whose lease ran out can never write again.
type Lease struct {
	Owner string
	Until time.Time
	Token int64
}

// Delivery is one post on one channel: the thing that is published.
type Delivery struct {
	ID           DeliveryID
	Organization OrganizationID
	Post         PostID
	Channel      ChannelID
	Provider     ProviderID
	State        DeliveryState
	// Occurrence is the Key of the occurrence that it is, or follows; empty if
	// the post did not recur when it was booked. It never changes, and of one
	// post and channel no two deliveries that publish share one that is not
	// empty.
	Occurrence string
	// Follows is the delivery whose first item it acts on; empty for one that
	// publishes its post. Rule is the index, in the After of its post when that
	// was out, of the rule which it carries out, and Action what it does. They
	// never change, and no two deliveries share a Follows and Rule.
	Follows DeliveryID
	Rule    int
	Action  Action
	// Kept is what it publishes if that is not what the post says any more: an
	// edit of a post that recurs leaves alone what is under way.
	Kept *Target
	// DueAt is when the author wants it out.
	DueAt time.Time
	// WakeAt is the next time the engine must look at it; zero in a state that
	// nothing but a person ends.
	WakeAt time.Time
	Lease  Lease
	// Revision is the content revision that is published, or will be.
	Revision int
	// Parts has one entry an item, in order.
	Parts []Part
	// Cursor is the provider's progress through the first item not out yet.
	Cursor Cursor
	// Open is the attempt whose intent is on record without a result; empty if
	// there is none.
	Open AttemptID
	// Attempts counts the attempts on record.
	Attempts int
	// Tries counts calls of the current step that failed and may be repeated.
	Tries int
	// Looks counts vain look-ups after an answer was lost.
	Looks int
	// Bound is when waiting for the platform ends; zero while nothing waits.
	Bound     time.Time
	Reason    Reason
	CreatedAt time.Time
	UpdatedAt time.Time
	// Version counts all changes, starting at 1.
	Version int
}

// HasRef reports whether a part is out whose Ref has one of the ids.
func (d *Delivery) HasRef(ids ...string) bool {
	return slices.ContainsFunc(d.Parts, func(p Part) bool { return p.Ref != nil && slices.Contains(ids, p.Ref.ID) })
}

// illegal says that the delivery cannot become next.
func (d *Delivery) illegal(next DeliveryState) error {
	return fault.New(fault.Conflict, "illegal_transition",
		"A delivery that is %s cannot become %s.", d.State, next)
}

// move changes the state, or says why it cannot.
func (d *Delivery) move(next DeliveryState, now time.Time) error {
	if !d.State.CanBecome(next) {
		return d.illegal(next)
	}
	d.State, d.UpdatedAt = next, Instant(now)
	return nil
}

// rest moves to a state that the engine leaves alone until wake, or for ever
// if wake is zero, and takes the lease away: a worker that still holds it
// cannot write any more.
func (d *Delivery) rest(next DeliveryState, wake, now time.Time) error {
	if err := d.move(next, now); err != nil {
		return err
	}
	d.WakeAt = Instant(wake)
	d.Lease = Lease{Token: d.Lease.Token + 1}
	return nil
}

// Current is the index of the first item that is not out; len(Parts) if all are.
func (d *Delivery) Current() int {
	for i, p := range d.Parts {
		if p.Ref == nil {
			return i
		}
	}
	return len(d.Parts)
}

// Begun reports whether an item of it is out.
func (d *Delivery) Begun() bool { return d.Current() > 0 }

// waiting is the state in which it waits to be taken up again: a delivery of
// which an item is out no longer counts as scheduled.
func (d *Delivery) waiting() DeliveryState {
	if d.Begun() {
		return DeliveryPublishing
	}
	return DeliveryScheduled
}

// Editable reports whether its content may still change: nothing of it is out
// and no change is on its way.
func (d *Delivery) Editable() bool {
	switch d.State {
	case DeliveryScheduled, DeliveryPreparing, DeliveryBlocked, DeliveryMissed, DeliveryFailed:
		return !d.Begun() && d.Open == ""
	default:
		return false
	}
}

// Underway reports whether something of it is out and more is to come, or a
// change is on its way, or about to be: a call that was refused for its token is
// made again at once.
func (d *Delivery) Underway() bool {
	switch d.State {
	case DeliveryPublished, DeliveryFailed, DeliveryUnknown, DeliveryMissed, DeliveryCanceled:
		return false
	default:
		return d.Begun() || d.Open != "" || d.State == DeliveryProcessing || d.State == DeliveryPublishing
	}
}

// Claim gives owner the right to act on it until the given time. Stores call
// it for the rows that a claim selects.
func (d *Delivery) Claim(owner string, until time.Time) {
	d.Lease = Lease{Owner: owner, Until: Instant(until), Token: d.Lease.Token + 1}
	d.Version++
}

// Hold makes the lease last until the given time at least: nobody else is to
// look while a call may be on its way.
func (d *Delivery) Hold(until time.Time) {
	if until = Instant(until); d.Lease.Until.Before(until) {
		d.Lease.Until = until
	}
}

// Begin starts the work on a claimed delivery. One that was under way already
// stays in its state.
func (d *Delivery) Begin(now time.Time) error {
	if d.State == DeliveryScheduled {
		return d.move(DeliveryPreparing, now)
	}
	if !d.State.Moving() {
		return d.illegal(DeliveryPreparing)
	}
	return nil
}

// Prepared keeps the provider's progress before anything is visible, and
// leaves the delivery alone until wake.
func (d *Delivery) Prepared(c Cursor, wake, bound, now time.Time) error {
	if d.State != DeliveryPreparing && d.State != DeliveryPublishing {
		return d.illegal(DeliveryPreparing)
	}
	if d.Open != "" {
		return intentOpen()
	}
	d.Cursor, d.Tries = c, 0
	d.setBound(bound)
	return d.rest(d.State, wake, now)
}

// Intend puts the intent of the one visible change on record. The attempt must
// be stored in the same transaction, and the call be made only after it.
func (d *Delivery) Intend(a AttemptID, c Cursor, now time.Time) error {
	if d.Open != "" {
		return intentOpen()
	}
	// The table lets more states become publishing, but those are a person's
	// decision or the platform's work: nothing may be sent from them.
	if d.State != DeliveryPreparing && d.State != DeliveryPublishing {
		return d.illegal(DeliveryPublishing)
	}
	if err := d.move(DeliveryPublishing, now); err != nil {
		return err
	}
	d.Open, d.Cursor = a, c
	d.Attempts++
	return nil
}

func intentOpen() error {
	return fault.New(fault.Conflict, "intent_open", "Another change of this delivery has no result yet.")
}

// Accept records that the current item is out at ref. next is the delay before
// the item that follows; it is not used after the last one.
func (d *Delivery) Accept(ref Ref, next time.Duration, now time.Time) error {
	i := d.Current()
	if i == len(d.Parts) {
		return fault.New(fault.Conflict, "all_out", "Every item of this delivery is out already.")
	}
	state := DeliveryPublishing
	if i == len(d.Parts)-1 {
		state = DeliveryPublished
	}
	switch d.State {
	case DeliveryPreparing: // it was out before we came to publish it
		d.State = DeliveryPublishing
	case DeliveryPublishing, DeliveryProcessing, DeliveryUnknown:
	default:
		return d.illegal(state)
	}
	d.Parts[i] = Part{Ref: &ref, PublishedAt: Instant(now)}
	d.clearStep()
	if d.Reason.Code != ReasonIncomplete {
		d.Reason = Reason{}
	}
	if state == DeliveryPublished {
		return d.rest(state, time.Time{}, now)
	}
	if next > 0 {
		return d.rest(state, now.Add(next), now)
	}
	d.WakeAt = Instant(now)
	return d.move(state, now)
}

// Process records that the platform has the item and works on it. It is looked
// at again at wake, and given up at bound.
func (d *Delivery) Process(c Cursor, wake, bound, now time.Time) error {
	if err := d.rest(DeliveryProcessing, wake, now); err != nil {
		return err
	}
	d.Open, d.Cursor, d.Tries = "", c, 0
	d.setBound(bound)
	return nil
}

// Refused records that the change on record did not happen. The worker keeps
// the delivery and goes on.
func (d *Delivery) Refused(r Reason, now time.Time) error {
	if d.Open == "" {
		return fault.New(fault.Conflict, "no_intent", "There is no change without a result.")
	}
	d.Open, d.Reason = "", r
	d.Tries++
	return d.move(d.State, now)
}

// Postpone leaves it as it is until wake, after something of our own failed.
func (d *Delivery) Postpone(wake, now time.Time) error {
	if d.WakeAt.IsZero() {
		wake = time.Time{}
	}
	return d.rest(d.State, wake, now)
}

// Look leaves a delivery whose outcome is in doubt alone until wake, and
// counts the look-up that was in vain.
func (d *Delivery) Look(wake, now time.Time) error {
	if d.Open == "" && d.State != DeliveryProcessing {
		return fault.New(fault.Conflict, "no_intent", "There is no change without a result to look for.")
	}
	d.Looks++
	return d.rest(d.State, wake, now)
}

// Resend puts on record that the call of the open attempt is made again, as
// attempt a and with the same key.
func (d *Delivery) Resend(a AttemptID, now time.Time) error {
	if d.Open == "" {
		return fault.New(fault.Conflict, "no_intent", "There is no change without a result to repeat.")
	}
	if err := d.move(DeliveryPublishing, now); err != nil {
		return err
	}
	d.Open = a
	d.Attempts++
	d.Tries++
	return nil
}

// Retry is Wait after a failure, which counts as a try.
func (d *Delivery) Retry(r Reason, wake, now time.Time) error {
	if err := d.Wait(r, wake, now); err != nil {
		return err
	}
	d.Tries++
	return nil
}

// Wait puts it back to wait until wake. Nothing of the current step may have
// reached the platform, or the step must be one that only reads or uploads.
func (d *Delivery) Wait(r Reason, wake, now time.Time) error {
	state := d.waiting()
	switch d.State {
	case DeliveryScheduled, DeliveryPublishing:
	case DeliveryPreparing:
		if !d.Cursor.IsZero() {
			state = DeliveryPreparing // the uploads stand; only the look at them failed
		}
	case DeliveryProcessing:
		state = DeliveryProcessing
	default:
		return d.illegal(state)
	}
	if err := d.rest(state, wake, now); err != nil {
		return err
	}
	d.Open, d.Reason = "", r
	return nil
}

// Fail ends it: the current item is definitely not out.
func (d *Delivery) Fail(r Reason, now time.Time) error { return d.end(DeliveryFailed, r, now) }

// Doubt ends it as unknown: the current item may be out. Only a look-up or a
// person brings it further.
func (d *Delivery) Doubt(r Reason, now time.Time) error { return d.end(DeliveryUnknown, r, now) }

// Miss ends it: it could not start inside the late window. One that has begun
// cannot be missed any more.
func (d *Delivery) Miss(r Reason, now time.Time) error {
	if d.Begun() {
		return d.illegal(DeliveryMissed)
	}
	return d.end(DeliveryMissed, r, now)
}

func (d *Delivery) end(s DeliveryState, r Reason, now time.Time) error {
	if err := d.rest(s, time.Time{}, now); err != nil {
		return err
	}
	if s != DeliveryUnknown {
		d.clearStep() // an unknown one keeps what a later look-up needs
	}
	d.Open, d.Reason = "", r
	return nil
}

// Block parks it until its channel is mended. It is looked at again at until,
// the end of its late window.
func (d *Delivery) Block(r Reason, until, now time.Time) error {
	if d.Open != "" {
		return fault.New(fault.Conflict, "intent_open", "A change of this delivery has no result yet.")
	}
	if err := d.rest(DeliveryBlocked, until, now); err != nil {
		return err
	}
	d.clearStep()
	d.Reason = r
	return nil
}

// Unblock lets it go on after its channel was mended. One that is not blocked
// is left alone with an error: it is in other hands.
func (d *Delivery) Unblock(now time.Time) error {
	if d.State != DeliveryBlocked {
		return d.illegal(DeliveryScheduled)
	}
	wake := d.DueAt
	if d.Begun() {
		wake = now
	}
	if err := d.rest(d.waiting(), wake, now); err != nil {
		return err
	}
	d.Reason = Reason{}
	return nil
}

// Recall takes it out of the hands of the worker that holds it, because what
// it may do has changed: whatever that worker was about to begin, it cannot.
// It waits as it did, and what was prepared stands.
func (d *Delivery) Recall(now time.Time) error {
	if !d.Editable() {
		return fault.New(fault.Conflict, "too_late", "It is too late to stop this delivery: it is %s.", d.State)
	}
	return d.rest(d.State, d.WakeAt, now)
}

// Cancel withdraws it before anything was sent.
func (d *Delivery) Cancel(now time.Time) error {
	if d.Begun() || d.Open != "" {
		return fault.New(fault.Conflict, "too_late",
			"It is too late to withdraw this delivery: it is %s.", d.State)
	}
	if err := d.rest(DeliveryCanceled, time.Time{}, now); err != nil {
		return err
	}
	d.clearStep()
	d.Reason = Reason{}
	return nil
}

// Reschedule books it for due with the content of revision, which has the
// given number of items. Whatever was prepared is thrown away.
func (d *Delivery) Reschedule(due time.Time, revision, items int, now time.Time) error {
	if !d.Editable() {
		return fault.New(fault.Conflict, "too_late",
			"It is too late to change this delivery: it is %s.", d.State)
	}
	if err := d.rest(DeliveryScheduled, due, now); err != nil {
		return err
	}
	d.clearStep()
	d.DueAt, d.Revision, d.Parts, d.Reason = Instant(due), revision, make([]Part, items), Reason{}
	return nil
}

// Settle ends the doubt about the current item: a person says that it is out at
// ref. What follows in the thread goes on after next.
func (d *Delivery) Settle(ref Ref, next time.Duration, now time.Time) error {
	if d.State != DeliveryUnknown {
		return fault.New(fault.Conflict, "not_in_doubt", "A delivery that is %s is not in doubt.", d.State)
	}
	if err := d.Accept(ref, next, now); err != nil {
		return err
	}
	return d.rest(d.State, d.WakeAt, now)
}

// TryAgain takes up a delivery that failed, was missed, or is unknown and a
// person says that it is not there. Items that are out stay out.
func (d *Delivery) TryAgain(now time.Time) error {
	switch d.State {
	case DeliveryFailed, DeliveryMissed, DeliveryUnknown:
	default:
		return fault.New(fault.Conflict, "not_retryable", "A delivery that is %s cannot be tried again.", d.State)
	}
	if err := d.rest(d.waiting(), now, now); err != nil {
		return err
	}
	d.clearStep()
	d.DueAt, d.Reason = Instant(now), Reason{}
	return nil
}

func (d *Delivery) clearStep() {
	d.Open, d.Cursor, d.Tries, d.Looks, d.Bound = "", Cursor{}, 0, 0, time.Time{}
}

// setBound keeps the first bound: waiting does not get longer by waiting.
func (d *Delivery) setBound(bound time.Time) {
	if d.Bound.IsZero() {
		d.Bound = Instant(bound)
	}
}
