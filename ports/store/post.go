package store

import (
	"context"
	"time"

	"github.com/crierhq/crier/core/domain"
)

// Posts stores posts.
type Posts interface {
	Insert(ctx context.Context, org domain.OrganizationID, p domain.Post) error
	// Get returns deleted posts too; the use cases hide them.
	Get(ctx context.Context, org domain.OrganizationID, id domain.PostID) (domain.Post, error)
	// GetMany returns those of ids that exist in org, deleted ones too, in any
	// order.
	GetMany(ctx context.Context, org domain.OrganizationID, ids []domain.PostID) ([]domain.Post, error)
	// List returns the posts that match, not the deleted ones, ordered by due
	// time and id. Drafts without a time are ordered by when they were created.
	List(ctx context.Context, org domain.OrganizationID, f PostFilter) ([]domain.Post, error)
	// Update works as in Organizations. Inside InTx it also keeps others from
	// changing the post until the transaction ends.
	Update(ctx context.Context, org domain.OrganizationID, id domain.PostID, change func(*domain.Post) error) (domain.Post, error)
	// Lock keeps others from changing these posts, and from locking them, until
	// the transaction ends that it is called in. Those that do not exist in org
	// are left out.
	Lock(ctx context.Context, org domain.OrganizationID, ids ...domain.PostID) error
	Expandables
}

// Expandables finds the posts that occurrences must be booked of. It crosses
// tenants on purpose: only the engine calls it.
type Expandables interface {
	// Expandable returns up to limit posts with an ExpandAt that is not after
	// now, in the order of ExpandAt and id.
	Expandable(ctx context.Context, now time.Time, limit int) ([]domain.Post, error)
	// NextExpand returns the earliest ExpandAt, or the zero time if no post has
	// one.
	NextExpand(ctx context.Context) (time.Time, error)
}

// PostFilter narrows a list of posts. Zero fields do not narrow.
type PostFilter struct {
	Page
	// From and To bound the time that the list is ordered by: From is
	// included, To is not.
	From, To time.Time
	State    domain.PostState
	Channel  domain.ChannelID
	// Group keeps posts that go to a channel of this group.
	Group domain.GroupID
	// Among keeps posts that domain.Reach.CoversPost, of these channels.
	Among []domain.ChannelID
	// Deliveries keeps posts that have a delivery in one of these states, and
	// that follows none.
	Deliveries []domain.DeliveryState
}

// ListTime is the time that lists order p by.
func ListTime(p domain.Post) time.Time {
	if p.DueAt.IsZero() {
		return p.CreatedAt
	}
	return p.DueAt
}

// NewestOccurrences is of how many occurrences of a post Deliveries.OfPosts
// returns those that have ended.
const NewestOccurrences = 20

// Deliveries stores deliveries. Their rows are the schedule.
type Deliveries interface {
	// Insert returns fault.ErrConflict, and stores none, if an id exists, or if a
	// post has a delivery of the same Occurrence, that is not empty, on the same
	// channel already, where neither follows another one, or if there is one of
	// the same Follows, that is not empty, and Rule.
	Insert(ctx context.Context, org domain.OrganizationID, ds ...domain.Delivery) error
	Get(ctx context.Context, org domain.OrganizationID, id domain.DeliveryID) (domain.Delivery, error)
	// OfPosts returns the deliveries of all these posts, ordered by post, due
	// time and id, in one query. Of those that are occurrences and published,
	// failed, missed or canceled, it leaves out the ones that are not among the
	// NewestOccurrences of their post, by Occurrence.
	OfPosts(ctx context.Context, org domain.OrganizationID, ids ...domain.PostID) ([]domain.Delivery, error)
	// OfChannel returns up to limit deliveries of a channel that are in one of
	// the states, in due order.
	OfChannel(ctx context.Context, org domain.OrganizationID, id domain.ChannelID, limit int, states ...domain.DeliveryState) ([]domain.Delivery, error)
	// ChangedSince returns the deliveries of a channel that were changed at the
	// given time or later, in due order. It is for what happens rarely, as
	// WithRef is.
	ChangedSince(ctx context.Context, org domain.OrganizationID, id domain.ChannelID, at time.Time) ([]domain.Delivery, error)
	// WithRef returns the deliveries of a channel that have a part whose Ref has
	// one of the ids, in due order. It may read all that the channel ever had, so
	// it is for what happens rarely.
	WithRef(ctx context.Context, org domain.OrganizationID, id domain.ChannelID, refs ...string) ([]domain.Delivery, error)
	Update(ctx context.Context, org domain.OrganizationID, id domain.DeliveryID, change func(*domain.Delivery) error) (domain.Delivery, error)
	// UpdateMany is Update of each of ids in one transaction and few statements.
	// One that does not exist in org is left out, and so is one whose change
	// returns an error: it stays as it was, and the others are stored. It returns
	// those that were stored, in any order.
	UpdateMany(ctx context.Context, org domain.OrganizationID, ids []domain.DeliveryID, change func(*domain.Delivery) error) ([]domain.Delivery, error)
	Occurrences
	// Pace keeps Claim from handing out a delivery that is to begin on one of
	// these channels before the time given for it. An earlier time than the one
	// in force changes nothing. It returns fault.ErrNotFound if one of the
	// channels never had a delivery in org.
	Pace(ctx context.Context, org domain.OrganizationID, free map[domain.ChannelID]time.Time) error
	Claimer
	Failures
}

// Occurrences are the deliveries that were booked ahead.
type Occurrences interface {
	// Since returns the deliveries of a post that follow none, and whose
	// Occurrence is not empty and not before from, compared as texts, in the order of Occurrence and id.
	Since(ctx context.Context, org domain.OrganizationID, post domain.PostID, from string) ([]domain.Delivery, error)
	// Taken returns the instants after the given one at which deliveries of the
	// channel that are scheduled or blocked are due, in order and each once.
	Taken(ctx context.Context, org domain.OrganizationID, id domain.ChannelID, after time.Time) ([]time.Time, error)
	// Remove deletes a delivery as if it had never been booked, or returns
	// fault.ErrNotFound. It is for one that nothing was ever done for.
	Remove(ctx context.Context, org domain.OrganizationID, id domain.DeliveryID) error
}

// Claimer hands due deliveries to workers. It crosses tenants on purpose: only
// workers call it.
//
// The deliveries of a channel form a lane. While a lease on one of them lives,
// Claim takes nothing else of that channel; of a free lane it takes what
// domain.Lane.Next says. So a channel does one thing at a time and begins its
// deliveries in due order, whatever the number of workers.
type Claimer interface {
	// Claim picks up to c.Limit deliveries, each the next one of its lane, calls
	// domain.Delivery.Claim on each and returns them. Two callers never get the
	// same one. Organizations take turns: first come the lanes that are the
	// first of their organization to be ready, then the second ones, and so on;
	// equal turns are in the order of the time at which they became ready, and
	// of the channel's id. Where more than TurnsAmong lanes are ready, an
	// implementation may leave those out that became ready last.
	Claim(ctx context.Context, c Claim) ([]domain.Delivery, error)
	// NextWake returns the earliest time at which there may be something to
	// claim, leases that run out included, or the zero time if there is nothing.
	// It may be too early, until a Claim at that time has found nothing; it is
	// never too late. Providers narrow it as in Claim.
	NextWake(ctx context.Context, providers ...domain.ProviderID) (time.Time, error)
	// Renew makes the leases that owner still holds on ids last until the given
	// time at least. It returns those it renewed.
	Renew(ctx context.Context, owner string, ids []domain.DeliveryID, until time.Time) ([]domain.DeliveryID, error)
}

// TurnsAmong is how many lanes organizations take turns among at least, those
// first that have been ready for longest. It bounds what a claim costs when
// very much is due.
const TurnsAmong = 2048

// Claim says what a worker wants.
type Claim struct {
	// Owner names the worker.
	Owner string
	// Now is the worker's time, and Until the end of the lease.
	Now, Until time.Time
	// Limit bounds the number; it must be positive.
	Limit int
	// Providers narrows the claim; empty: all.
	Providers []domain.ProviderID
	// Held is how many deliveries of each organization the worker has in hand.
	// They count as turns that the organization had already.
	Held map[domain.OrganizationID]int
	// Share bounds how many deliveries of one organization the worker may have
	// in hand after the claim. Zero: no bound.
	Share int
}

// Attempts stores the ledger: every call that could change something on a
// platform. Nothing removes an attempt.
type Attempts interface {
	// Insert returns fault.ErrConflict, and stores none, if one exists.
	Insert(ctx context.Context, org domain.OrganizationID, as ...domain.Attempt) error
	Get(ctx context.Context, org domain.OrganizationID, id domain.AttemptID) (domain.Attempt, error)
	Update(ctx context.Context, org domain.OrganizationID, id domain.AttemptID, change func(*domain.Attempt) error) (domain.Attempt, error)
	// UpdateMany works as in Deliveries.
	UpdateMany(ctx context.Context, org domain.OrganizationID, ids []domain.AttemptID, change func(*domain.Attempt) error) ([]domain.Attempt, error)
	// OfDeliveries returns the attempts of all these deliveries, ordered by
	// delivery and number, in one query.
	OfDeliveries(ctx context.Context, org domain.OrganizationID, ids ...domain.DeliveryID) ([]domain.Attempt, error)
}

// Outbox keeps events from the transaction that made them true until a relay
// has handed them on, and as history after that.
type Outbox interface {
	// Append stores events in order and gives each its Seq.
	Append(ctx context.Context, evs ...domain.Event) error
	// Pending returns up to limit events that were not handed on yet, oldest
	// first. The events of one post come in the order of their commits.
	Pending(ctx context.Context, limit int) ([]domain.Event, error)
	// MarkRelayed records that these events were handed on.
	MarkRelayed(ctx context.Context, now time.Time, ids ...domain.EventID) error
	// OfPost returns the newest limit events of a post, oldest first.
	OfPost(ctx context.Context, org domain.OrganizationID, post domain.PostID, limit int) ([]domain.Event, error)
}
