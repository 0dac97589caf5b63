package storetest

import (
	"context"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/store"
)

type org = domain.OrganizationID

// kinds lists every aggregate of the port.
func kinds() []anyKind {
	return []anyKind{
		organizationKind(), userKind(), memberKind(), invitationKind(), sessionKind(), secondFactorKind(), identityKind(), channelKind(), connectKind(), postKind(),
		deliveryKind(), attemptKind(), mediaKind(), eventKind(), documentKind(), secretKind(),
		jobKind(), budgetKind(), tokenKind(), replayKind(),
		apiKeyKind(), auditKind(), groupKind(),
	}
}

func organizationKind() kind[domain.Organization] {
	type T = domain.Organization
	return kind[T]{
		name:   "organization",
		keys:   func(v *T) (*string, *org, *int) { return (*string)(&v.ID), nil, &v.Version },
		insert: func(ctx context.Context, r store.Repos, v T) error { return r.Organizations().Insert(ctx, v) },
		get:    func(ctx context.Context, r store.Repos, v T) (T, error) { return r.Organizations().Get(ctx, v.ID) },
		update: func(ctx context.Context, r store.Repos, v T, change func(*T) error) (T, error) {
			return r.Organizations().Update(ctx, v.ID, change)
		},
		counter: func(v *T) *string { return &v.Name },
	}
}

func userKind() kind[domain.User] {
	type T = domain.User
	return kind[T]{
		name:   "user",
		keys:   func(v *T) (*string, *org, *int) { return (*string)(&v.ID), nil, &v.Version },
		insert: func(ctx context.Context, r store.Repos, v T) error { return r.Users().Insert(ctx, v) },
		get:    func(ctx context.Context, r store.Repos, v T) (T, error) { return r.Users().Get(ctx, v.ID) },
		update: func(ctx context.Context, r store.Repos, v T, change func(*T) error) (T, error) {
			return r.Users().Update(ctx, v.ID, change)
		},
		counter: func(v *T) *string { return &v.Name },
	}
}

func memberKind() kind[domain.Member] {
	type T = domain.Member
	return kind[T]{
		name:   "member",
		keys:   func(v *T) (*string, *org, *int) { return (*string)(&v.User), &v.Organization, nil },
		insert: func(ctx context.Context, r store.Repos, v T) error { return r.Members().Insert(ctx, v) },
		get: func(ctx context.Context, r store.Repos, v T) (T, error) {
			return r.Members().Get(ctx, v.Organization, v.User)
		},
		update: func(ctx context.Context, r store.Repos, v T, change func(*T) error) (T, error) {
			return r.Members().Update(ctx, v.Organization, v.User, change)
		},
		counter: func(v *T) *string { return (*string)(&v.Role) },
	}
}

func sessionKind() kind[domain.Session] {
	type T = domain.Session
	return kind[T]{
		name:   "session",
		keys:   func(v *T) (*string, *org, *int) { return (*string)(&v.ID), nil, &v.Version },
		insert: func(ctx context.Context, r store.Repos, v T) error { return r.Sessions().Insert(ctx, v) },
		get:    func(ctx context.Context, r store.Repos, v T) (T, error) { return r.Sessions().Get(ctx, v.ID) },
		update: func(ctx context.Context, r store.Repos, v T, change func(*T) error) (T, error) {
			return r.Sessions().Update(ctx, v.ID, change)
		},
		counter: func(v *T) *string { return &v.TokenHash },
	}
}

func channelKind() kind[domain.Channel] {
	type T = domain.Channel
	return kind[T]{
		name: "channel",
		keys: func(v *T) (*string, *org, *int) { return (*string)(&v.ID), &v.Organization, &v.Version },
		insert: func(ctx context.Context, r store.Repos, v T) error {
			return r.Channels().Insert(ctx, v.Organization, v)
		},
		get: func(ctx context.Context, r store.Repos, v T) (T, error) {
			return r.Channels().Get(ctx, v.Organization, v.ID)
		},
		update: func(ctx context.Context, r store.Repos, v T, change func(*T) error) (T, error) {
			return r.Channels().Update(ctx, v.Organization, v.ID, change)
		},
		counter: func(v *T) *string { return &v.StateReason },
	}
}

func connectKind() kind[store.Connect] {
	type T = store.Connect
	return kind[T]{
		name:   "connect",
		once:   true,
		keys:   func(v *T) (*string, *org, *int) { return &v.StateHash, nil, nil },
		insert: func(ctx context.Context, r store.Repos, v T) error { return r.Connects().Insert(ctx, v) },
		get: func(ctx context.Context, r store.Repos, v T) (T, error) {
			return r.Connects().Take(ctx, v.StateHash, v.ExpiresAt.Add(-1000000))
		},
	}
}

func postKind() kind[domain.Post] {
	type T = domain.Post
	return kind[T]{
		name:   "post",
		keys:   func(v *T) (*string, *org, *int) { return (*string)(&v.ID), &v.Organization, &v.Version },
		insert: func(ctx context.Context, r store.Repos, v T) error { return r.Posts().Insert(ctx, v.Organization, v) },
		get: func(ctx context.Context, r store.Repos, v T) (T, error) {
			return r.Posts().Get(ctx, v.Organization, v.ID)
		},
		update: func(ctx context.Context, r store.Repos, v T, change func(*T) error) (T, error) {
			return r.Posts().Update(ctx, v.Organization, v.ID, change)
		},
		counter: func(v *T) *string { return &v.Wall },
	}
}

func deliveryKind() kind[domain.Delivery] {
	type T = domain.Delivery
	return kind[T]{
		name: "delivery",
		keys: func(v *T) (*string, *org, *int) { return (*string)(&v.ID), &v.Organization, &v.Version },
		insert: func(ctx context.Context, r store.Repos, v T) error {
			return r.Deliveries().Insert(ctx, v.Organization, v)
		},
		get: func(ctx context.Context, r store.Repos, v T) (T, error) {
			return r.Deliveries().Get(ctx, v.Organization, v.ID)
		},
		update: func(ctx context.Context, r store.Repos, v T, change func(*T) error) (T, error) {
			return r.Deliveries().Update(ctx, v.Organization, v.ID, change)
		},
		many: func(ctx context.Context, r store.Repos, o org, ids []string, change func(*T) error) ([]T, error) {
			return r.Deliveries().UpdateMany(ctx, o, convertIDs[domain.DeliveryID](ids), change)
		},
		counter: func(v *T) *string { return &v.Reason.Evidence },
	}
}

func attemptKind() kind[domain.Attempt] {
	type T = domain.Attempt
	return kind[T]{
		name: "attempt",
		keys: func(v *T) (*string, *org, *int) { return (*string)(&v.ID), &v.Organization, nil },
		insert: func(ctx context.Context, r store.Repos, v T) error {
			return r.Attempts().Insert(ctx, v.Organization, v)
		},
		get: func(ctx context.Context, r store.Repos, v T) (T, error) {
			return r.Attempts().Get(ctx, v.Organization, v.ID)
		},
		update: func(ctx context.Context, r store.Repos, v T, change func(*T) error) (T, error) {
			return r.Attempts().Update(ctx, v.Organization, v.ID, change)
		},
		many: func(ctx context.Context, r store.Repos, o org, ids []string, change func(*T) error) ([]T, error) {
			return r.Attempts().UpdateMany(ctx, o, convertIDs[domain.AttemptID](ids), change)
		},
		counter: func(v *T) *string { return &v.Reason.Evidence },
	}
}

func mediaKind() kind[domain.Media] {
	type T = domain.Media
	return kind[T]{
		name:   "media",
		keys:   func(v *T) (*string, *org, *int) { return (*string)(&v.ID), &v.Organization, nil },
		insert: func(ctx context.Context, r store.Repos, v T) error { return r.Media().Insert(ctx, v.Organization, v) },
		get: func(ctx context.Context, r store.Repos, v T) (T, error) {
			return r.Media().Get(ctx, v.Organization, v.ID)
		},
	}
}

func eventKind() kind[domain.Event] {
	type T = domain.Event
	return kind[T]{
		name:   "event",
		keys:   func(v *T) (*string, *org, *int) { return (*string)(&v.ID), &v.Organization, nil },
		insert: func(ctx context.Context, r store.Repos, v T) error { return r.Outbox().Append(ctx, v) },
		get: func(ctx context.Context, r store.Repos, v T) (T, error) {
			var evs []domain.Event
			var err error
			if v.Post == "" {
				evs, err = r.Outbox().Pending(ctx, 1000)
			} else {
				evs, err = r.Outbox().OfPost(ctx, v.Organization, v.Post, 1000)
			}
			for _, e := range evs {
				if e.ID == v.ID {
					e.Seq = v.Seq // the store sets it
					return e, nil
				}
			}
			if err == nil {
				err = fault.ErrNotFound
			}
			return T{}, err
		},
	}
}

func documentKind() kind[domain.Document] {
	type T = domain.Document
	return kind[T]{
		name: "document",
		keys: func(v *T) (*string, *org, *int) { return &v.Key, nil, nil },
		insert: func(ctx context.Context, r store.Repos, v T) error {
			_, err := r.Documents().Put(ctx, v)
			return err
		},
		get: func(ctx context.Context, r store.Repos, v T) (T, error) {
			return r.Documents().Get(ctx, v.Space, v.Key)
		},
	}
}

// named is a secret with its name.
type named struct{ Name, Sealed string }

func secretKind() kind[named] {
	return kind[named]{
		name:   "secret",
		keys:   func(v *named) (*string, *org, *int) { return &v.Name, nil, nil },
		insert: func(ctx context.Context, r store.Repos, v named) error { return r.Secrets().Set(ctx, v.Name, v.Sealed) },
		get: func(ctx context.Context, r store.Repos, v named) (named, error) {
			sealed, err := r.Secrets().Get(ctx, v.Name)
			return named{v.Name, sealed}, err
		},
	}
}

func jobKind() kind[domain.Job] {
	type T = domain.Job
	return kind[T]{
		name:   "job",
		keys:   func(v *T) (*string, *org, *int) { return (*string)(&v.ID), &v.Organization, &v.Version },
		insert: func(ctx context.Context, r store.Repos, v T) error { return r.Jobs().Insert(ctx, v) },
		get: func(ctx context.Context, r store.Repos, v T) (T, error) {
			return r.Jobs().Get(ctx, v.Organization, v.ID)
		},
		update: func(ctx context.Context, r store.Repos, v T, change func(*T) error) (T, error) {
			return r.Jobs().Update(ctx, v.Organization, v.ID, change)
		},
		counter: func(v *T) *string { return &v.Reason.Message },
	}
}

func budgetKind() kind[domain.Budget] {
	type T = domain.Budget
	return kind[T]{
		name:   "budget",
		keys:   func(v *T) (*string, *org, *int) { return &v.ID, nil, &v.Version },
		insert: func(ctx context.Context, r store.Repos, v T) error { return r.Budgets().Insert(ctx, v) },
		get:    func(ctx context.Context, r store.Repos, v T) (T, error) { return r.Budgets().Get(ctx, v.ID) },
	}
}

func convertIDs[ID ~string](ids []string) []ID {
	return names(ids, func(id string) ID { return ID(id) })
}

func invitationKind() kind[domain.Invitation] {
	type T = domain.Invitation
	return kind[T]{
		name: "invitation",
		keys: func(v *T) (*string, *org, *int) { return (*string)(&v.ID), &v.Organization, nil },
		insert: func(ctx context.Context, r store.Repos, v T) error {
			return r.Invitations().Insert(ctx, v.Organization, v)
		},
		get: func(ctx context.Context, r store.Repos, v T) (T, error) {
			return r.Invitations().Get(ctx, v.Organization, v.ID)
		},
	}
}
