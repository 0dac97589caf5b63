// Package unblock lets deliveries go on when what held them back is gone.
package unblock

import (
	"context"
	"errors"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/journal"
	"github.com/crierhq/crier/ports/store"
)

// batch bounds how many deliveries one transaction lets go on. The others are
// looked at by themselves soon.
const batch = 500

// errMovedOn says that a worker took up a blocked delivery meanwhile. What it
// came to is not ours to change, and no reason to refuse anything.
var errMovedOn = errors.New("the delivery is not blocked any more")

// Cause is what is gone.
type Cause struct {
	// Code narrows it to the deliveries that are blocked for this reason; empty:
	// whatever the reason is.
	Code string
	// TooLate tells the author of a post whose late window has passed meanwhile.
	TooLate string
	// LateWindow holds where the organization sets nothing; zero: the default.
	LateWindow time.Duration
}

// Channel lets what waits on a channel go on, in due order, and gives up what
// is too late by now. It belongs into the transaction that ended the cause.
func Channel(ctx context.Context, r store.Repos, j *journal.Journal, org domain.OrganizationID, id domain.ChannelID, c Cause, now time.Time) error {
	blocked, err := r.Deliveries().OfChannel(ctx, org, id, batch, domain.DeliveryBlocked)
	if err != nil || len(blocked) == 0 {
		return err
	}
	o, err := r.Organizations().Get(ctx, org)
	if err != nil {
		return err
	}
	for _, b := range blocked {
		d, err := r.Deliveries().Update(ctx, org, b.ID, func(d *domain.Delivery) error {
			if d.State != domain.DeliveryBlocked || c.Code != "" && d.Reason.Code != c.Code {
				return errMovedOn
			}
			return Turn(d, o, c, now)
		})
		if errors.Is(err, errMovedOn) {
			continue
		}
		if err != nil {
			return err
		}
		if err := Tell(ctx, r, j, d, now); err != nil {
			return err
		}
	}
	return nil
}

// Turn lets a blocked delivery of o go on, or gives it up if it could not
// start in time.
func Turn(d *domain.Delivery, o domain.Organization, c Cause, now time.Time) error {
	if !d.Begun() && now.After(d.DueAt.Add(o.Late(c.LateWindow))) {
		return d.Miss(domain.Reason{Code: "late", Message: c.TooLate}, now)
	}
	return d.Unblock(now)
}

// Tell appends the events of a delivery that Turn changed.
func Tell(ctx context.Context, r store.Repos, j *journal.Journal, d domain.Delivery, now time.Time) error {
	var post domain.Post // nothing is said of it unless it was missed
	if d.State == domain.DeliveryMissed {
		var err error
		if post, err = r.Posts().Get(ctx, d.Organization, d.Post); err != nil {
			return err
		}
	}
	return j.Append(ctx, r, journal.Turned(post, d, []domain.DeliveryState{d.State}, now)...)
}
