package publish

import (
	"context"
	"errors"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/social"
)

// follow gives it what the delivery of j acts on: the first item of the one that
// it follows, as the account of t sees it. It only reads, so it is done before
// the intent, and again where an outcome is looked up.
func (p *Publisher) follow(ctx context.Context, j *job, t social.Target, it social.Item) (social.Item, error) {
	if j.d.Follows == "" {
		return it, nil
	}
	first, err := p.cfg.Store.Deliveries().Get(ctx, j.d.Organization, j.d.Follows)
	if errors.Is(err, fault.ErrNotFound) || err == nil && first.Out().IsZero() {
		return it, social.Errorf(social.CodeRejected, "What this was to act on is not out.")
	}
	if err != nil {
		return it, err
	}
	ref := *first.Parts[0].Ref
	// A person who settled it gave a link only.
	if first.Channel != j.d.Channel || ref.ID == ref.URL {
		if ref, err = p.resolve(ctx, j, t, ref); err != nil {
			return it, err
		}
	}
	it.Root, it.Parent = &ref, &ref
	return it, nil
}

func (p *Publisher) resolve(ctx context.Context, j *job, t social.Target, ref domain.Ref) (domain.Ref, error) {
	if j.pf.Can.Resolve == nil {
		return ref, social.Errorf(social.CodeUnsupported, "On this platform another account cannot act on a post.")
	}
	call, cancel := context.WithTimeout(ctx, p.pol.CallTimeout)
	defer cancel()
	return j.pf.Can.Resolve.Resolve(call, t, ref)
}

// reposts reports whether the change of j is a repost.
func (j *job) reposts() bool { return j.d.Action == domain.ActionRepost }

// change makes the visible change.
func (j *job) change(ctx context.Context, t social.Target, it social.Item) (social.Outcome, error) {
	if !j.reposts() {
		return j.pf.Provider.Publish(ctx, t, it, j.d.Cursor)
	}
	if j.pf.Can.Repost == nil {
		return social.Outcome{}, social.Errorf(social.CodeUnsupported, "This platform cannot repost.")
	}
	ref, err := j.pf.Can.Repost.Repost(ctx, t, *it.Parent)
	if err != nil {
		return social.Outcome{}, err
	}
	return social.Published(ref), nil
}
