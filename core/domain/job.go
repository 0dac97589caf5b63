package domain

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/crierhq/crier/core/fault"
)

// JobID names a job.
type JobID string

// JobState is where a job stands. There is no state for a job that is done: it
// is gone.
type JobState string

// The states of a job.
const (
	// JobWaiting waits for RunAt, or runs while its lease lives.
	JobWaiting JobState = "waiting"
	// JobDead has failed for good and waits for a person: a dead letter.
	JobDead JobState = "dead"
)

// Job is a piece of side work, such as a mail or a webhook. It may run more
// than once. Publishing is never a job: see Delivery.
type Job struct {
	ID JobID
	// Organization is the tenant it is for. Empty: the installation itself.
	Organization OrganizationID
	// Kind says which handler it is for.
	Kind string
	// Key keeps doubles out: of the jobs of one organization and kind that
	// wait or run, no two share a key. Empty: no such rule.
	Key string
	// Payload is what the handler needs to know.
	Payload json.RawMessage
	State   JobState
	// RunAt is the time before which it does not run.
	RunAt time.Time
	// Attempts counts the runs that were begun, the present one included, and
	// MaxAttempts bounds them.
	Attempts    int
	MaxAttempts int
	// Lease is who works on it. A job that was handed to a carrier is leased to
	// the carrier.
	Lease Lease
	// Reason says why the last attempt failed.
	Reason    Reason
	CreatedAt time.Time
	// DiedAt is when it became a dead letter.
	DiedAt  time.Time
	Version int
}

// JobClaim says which jobs a worker wants.
type JobClaim struct {
	// Owner names the worker.
	Owner string
	// Now is the worker's time, and Until the end of the lease.
	Now, Until time.Time
	// Limit bounds the number; it must be positive.
	Limit int
	// Kinds narrows the claim; empty: all.
	Kinds []string
	// HandOver says that the jobs are not run yet but given to a carrier, so
	// that no attempt begins.
	HandOver bool
}

// JobPage asks for a part of a list of dead letters, the newest first.
type JobPage struct {
	// Limit is how many to return at most; it must be positive.
	Limit int
	// Before and BeforeID are DiedAt and ID of the last job of the page
	// before. Zero: start with the newest.
	Before   time.Time
	BeforeID JobID
}

// Due reports whether a worker may claim j at now.
func (j *Job) Due(now time.Time) bool {
	return j.State == JobWaiting && !j.RunAt.After(now) && !j.Lease.Until.After(now)
}

// Wanted reports whether c is for the kind of j.
func (c JobClaim) Wanted(j Job) bool { return len(c.Kinds) == 0 || slices.Contains(c.Kinds, j.Kind) }

// Claim leases j and, unless it is only handed over, begins an attempt.
func (j *Job) Claim(c JobClaim) {
	j.Lease = Lease{Owner: c.Owner, Until: Instant(c.Until), Token: j.Lease.Token + 1}
	if !c.HandOver {
		j.Attempts++
	}
	j.Version++
}

// free ends the lease, so that its holder can never write again.
func (j *Job) free() { j.Lease = Lease{Token: j.Lease.Token + 1} }

// Release gives back a job that was claimed but not run.
func (j *Job) Release() { j.free() }

// Retry has j run again at the given time, after an attempt that failed.
func (j *Job) Retry(at time.Time, why Reason) {
	j.free()
	j.RunAt, j.Reason = Instant(at), why
}

// Snooze has j run again at the given time, as if the attempt had not been.
func (j *Job) Snooze(at time.Time) {
	j.free()
	j.RunAt, j.Attempts = Instant(at), max(j.Attempts-1, 0)
}

// Bury makes a dead letter of j.
func (j *Job) Bury(why Reason, now time.Time) {
	j.free()
	j.State, j.Reason, j.DiedAt = JobDead, why, Instant(now)
}

// Replay gives a dead letter all its attempts again, beginning at now. Any
// other job is a fault of kind Conflict.
func (j *Job) Replay(now time.Time) error {
	if j.State != JobDead {
		return fault.New(fault.Conflict, "job_not_dead", "This job has not failed, so it cannot be replayed.")
	}
	j.free()
	j.State, j.RunAt, j.Attempts, j.DiedAt = JobWaiting, Instant(now), 0, time.Time{}
	return nil
}
