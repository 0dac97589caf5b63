// Package queue is the port to side work that may be repeated: mails, webhooks,
// metrics. Publishing is not here; its rows are its schedule.
//
// # What is promised
//
// A job that was enqueued runs at least once, never before its RunAt, and never
// twice at the same time while its worker lives and reaches the queue. It is
// gone when a run returned nil. One whose attempts are used up becomes a dead
// letter, which stays until a person replays or drops it. Nothing is dropped in
// silence, and no order is promised.
//
// A job runs again after its handler ended well, too, where that could not be
// written down: the process was killed, or the database was away for longer
// than the lease. So a handler must be able to do its work twice.
//
// # How it is made
//
// A Worker does all of it over Rows, where every job is a row: memqueue has them
// in memory, store.Repos has them beside the state, so that a job is inserted in
// the transaction that makes it necessary. redisqueue adds a carrier, which
// wakes workers in other processes; the row stays the truth.
package queue

import (
	"context"

	"github.com/crierhq/crier/core/domain"
)

// Queue is all that there is to a queue. Implementations are safe for
// concurrent use.
type Queue interface {
	Enqueuer
	Consumer
	DeadLetters
}

// Enqueuer takes jobs in.
type Enqueuer interface {
	// Enqueue stores jobs, all or none. Of each it reads Organization, Kind,
	// Key, RunAt (zero: now), Payload, MaxAttempts (zero: what the policy of
	// its kind says) and ID (empty: a new one); the rest is the queue's.
	//
	// While a job waits or runs, another one with the same Organization, Kind
	// and Key is left out without an error, and so is one whose ID is there
	// already. From the moment that the run which ends a job is written down,
	// or that it became a dead letter, its key is free. Because a job that runs
	// keeps its key, a change that its handler may have overlooked needs a key
	// of its own, such as one with a revision in it.
	//
	// What breaks a rule is a fault of kind Invalid.
	Enqueue(ctx context.Context, jobs ...domain.Job) error
}

// Handler does one run of a job. A nil error ends the job; Snooze and Discard
// steer it; any other error, or a panic, is a failed attempt.
//
// ctx ends when the time of the attempt is over, when the lease is lost, which
// means that another worker may have the job by now, and when the worker was
// told to stop and its grace is over. A handler that does not return then keeps
// its slot.
type Handler func(ctx context.Context, job domain.Job) error

// Consumer has jobs run.
type Consumer interface {
	// Consume runs jobs with h until ctx ends. Then it begins no more, waits
	// for the handlers that run, and returns nil. A queue that cannot be
	// reached is waited for.
	Consume(ctx context.Context, h Handler) error
}

// DeadLetters are the jobs that failed for good. Those of another organization
// are fault.ErrNotFound; the empty organization has those of the installation.
type DeadLetters interface {
	// List returns dead letters, the newest first. Reason says why each died.
	List(ctx context.Context, org domain.OrganizationID, p domain.JobPage) ([]domain.Job, error)
	// Replay runs one again, with all its attempts, from now on. It is a fault
	// of kind Conflict if a living job has its key by now, or if it is not dead.
	Replay(ctx context.Context, org domain.OrganizationID, id domain.JobID) error
	// Drop deletes one. It is a fault of kind Conflict if it is not dead.
	Drop(ctx context.Context, org domain.OrganizationID, id domain.JobID) error
}
