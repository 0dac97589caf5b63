package feed

import (
	"context"
	"encoding/json"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
)

// Prepare implements social.Preparer: it copies the files.
func (p *Provider) Prepare(ctx context.Context, t social.Target, it social.Item) (social.Cursor, error) {
	if err := p.usable(ctx, t); err != nil {
		return social.Cursor{}, err
	}
	done, err := p.copyMedia(ctx, t, slugOf(entryID(t.Account, t.Key)), it)
	if err != nil {
		return social.Cursor{}, err
	}
	state, err := json.Marshal(progress{Files: done})
	if err != nil {
		return social.Cursor{}, readError(err)
	}
	return social.Cursor{Next: social.StepPublish, State: state}, nil
}

// Check implements social.Preparer.
func (p *Provider) Check(ctx context.Context, t social.Target, at social.Cursor) (social.Outcome, error) {
	ref, err := p.find(ctx, t)
	switch {
	case err != nil:
		return social.Outcome{}, err
	case ref != nil:
		return social.Published(*ref), nil
	default:
		return social.Pending(social.Cursor{Next: social.StepPublish, State: at.State}), nil
	}
}

// Publish implements social.Provider: it stores one document, unless it is
// there already.
func (p *Provider) Publish(ctx context.Context, t social.Target, it social.Item, at social.Cursor) (social.Outcome, error) {
	if err := p.usable(ctx, t); err != nil {
		return social.Outcome{}, err
	}
	id := entryID(t.Account, t.Key)
	done, ok := readCursor(at, it)
	if !ok {
		// Copying again is harmless, and better than an entry without its files.
		var err error
		if done, err = p.copyMedia(ctx, t, slugOf(id), it); err != nil {
			return social.Outcome{}, err
		}
	}
	e, err := compose(id, it, files(it, done), p.publishTime(t, it))
	if err != nil {
		return social.Outcome{}, err
	}
	d, err := e.document(t.Account)
	if err != nil {
		return social.Outcome{}, readError(err)
	}
	a, err := p.open(ctx, t.Account, t.Traits)
	if err != nil {
		return social.Outcome{}, notYet(err)
	}
	if d, err = p.deps.Hosting.Documents.Put(ctx, d); err != nil {
		return social.Outcome{}, writeError(err)
	}
	if e, err = decode(d); err != nil {
		return social.Outcome{}, writeError(err)
	}
	p.touch(ctx, t.Account, a)
	p.ping(ctx, t.Account, a.Hub)
	return social.Published(p.ref(t.Account, e)), nil
}

// notYet is the error of a step before the visible one: nothing of it shows.
func notYet(err error) error {
	e := *social.AsError(err)
	e.Code, e.Message = social.CodeUnavailable, "The feed cannot be written at the moment."
	return &e
}

// publishTime is stable when a publication is repeated, and after the parent's.
func (p *Provider) publishTime(t social.Target, it social.Item) time.Time {
	at := t.FirstTry
	if at.IsZero() {
		at = p.deps.Now()
	}
	at = domain.Instant(at)
	if it.Parent == nil {
		return at
	}
	// Two items of a thread may go out within one tick of the clock.
	parent, err := time.Parse(time.RFC3339Nano, it.Parent.Extra[extraAt])
	if err == nil && !at.After(parent) {
		at = domain.Instant(parent).Add(time.Microsecond)
	}
	return at
}

// compose makes the entry of an item.
func compose(id string, it social.Item, files []file, at time.Time) (entry, error) {
	s, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return entry{}, err
	}
	e := entry{
		ID: id, Text: clean(it.Text), Title: line(s.Title), Summary: line(s.Summary),
		Files: files, Published: at, Updated: at,
	}
	for _, tag := range s.Tags {
		e.Tags = append(e.Tags, line(tag))
	}
	if it.Parent != nil {
		e.ReplyTo = &link{ID: it.Parent.ID, URL: it.Parent.URL}
	}
	return e, nil
}

// Find implements social.Finder.
func (p *Provider) Find(ctx context.Context, t social.Target, _ social.Item) (*social.Ref, error) {
	return p.find(ctx, t)
}

func (p *Provider) find(ctx context.Context, t social.Target) (*social.Ref, error) {
	e, err := p.load(ctx, t.Account, slugOf(entryID(t.Account, t.Key)))
	switch {
	case isMissing(err):
		return nil, nil
	case err != nil:
		return nil, readError(err)
	}
	ref := p.ref(t.Account, e)
	return &ref, nil
}

// Confirm implements social.Confirmer.
func (p *Provider) Confirm(ctx context.Context, t social.Target, ref social.Ref) (bool, error) {
	_, err := p.load(ctx, t.Account, slugOf(ref.ID))
	switch {
	case isMissing(err):
		return false, nil
	case err != nil:
		return false, readError(err)
	}
	return true, nil
}

// usable refuses what cannot work before anything is done.
func (*Provider) usable(ctx context.Context, t social.Target) error {
	if !isAccount(t.Account) {
		return social.Errorf(social.CodeRejected, "This is not a feed of this server.")
	}
	return ended(ctx)
}
