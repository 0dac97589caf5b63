package feed

import (
	"context"
	"reflect"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
)

// Edit implements social.Editor. The entry keeps its id, its address, its place
// and its time of publication.
func (p *Provider) Edit(ctx context.Context, t social.Target, ref social.Ref, it social.Item) (social.Ref, error) {
	if err := p.usable(ctx, t); err != nil {
		return social.Ref{}, err
	}
	old, err := p.load(ctx, t.Account, slugOf(ref.ID))
	switch {
	case isMissing(err):
		return social.Ref{}, gone()
	case err != nil:
		return social.Ref{}, readError(err)
	}
	done, err := p.copyMedia(ctx, t, old.slug(), it)
	if err != nil {
		return social.Ref{}, err
	}
	e, err := compose(old.ID, it, files(it, done), old.Published)
	if err != nil {
		return social.Ref{}, err
	}
	e.ReplyTo, e.Updated = old.ReplyTo, old.Updated
	if same(e, old) {
		return p.ref(t.Account, e), nil // it was done before
	}
	if now := domain.Instant(p.deps.Now()); now.After(e.Updated) {
		e.Updated = now
	}
	return p.replace(ctx, t, old, e)
}

// replace stores e over old and lets the files go that nobody needs any more.
func (p *Provider) replace(ctx context.Context, t social.Target, old, e entry) (social.Ref, error) {
	d, err := e.document(t.Account)
	if err != nil {
		return social.Ref{}, readError(err)
	}
	a, err := p.open(ctx, t.Account, t.Traits)
	if err != nil {
		return social.Ref{}, notYet(err)
	}
	if err := p.deps.Hosting.Documents.Replace(ctx, d); err != nil {
		if isMissing(err) {
			return social.Ref{}, gone()
		}
		return social.Ref{}, writeError(err)
	}
	if err := p.dropFiles(ctx, t.Account, old.Files, e.Files); err != nil {
		p.deps.Log.WarnContext(ctx, "feed: files of an older version stay", "account", t.Account, "entry", e.ID, "error", err)
	}
	p.touch(ctx, t.Account, a)
	p.ping(ctx, t.Account, a.Hub)
	return p.ref(t.Account, e), nil
}

// same compares what readers see.
func same(a, b entry) bool { return reflect.DeepEqual(a, b) }

func gone() error {
	return social.Errorf(social.CodeRejected, "This entry is not in the feed any more.")
}

// Delete implements social.Deleter. Replies to the entry stay where they are.
func (p *Provider) Delete(ctx context.Context, t social.Target, ref social.Ref) error {
	if err := p.usable(ctx, t); err != nil {
		return err
	}
	e, err := p.load(ctx, t.Account, slugOf(ref.ID))
	switch {
	case isMissing(err):
		return nil
	case err != nil:
		return readError(err)
	}
	// The files go first: as long as the entry is there, a repeated call knows
	// which they are.
	if err := p.dropFiles(ctx, t.Account, e.Files, nil); err != nil {
		return writeError(err)
	}
	a, err := p.open(ctx, t.Account, t.Traits)
	if err != nil {
		return notYet(err)
	}
	if err := p.deps.Hosting.Documents.Delete(ctx, entriesSpace(t.Account), e.slug()); err != nil {
		return writeError(err)
	}
	p.touch(ctx, t.Account, a)
	p.ping(ctx, t.Account, a.Hub)
	return nil
}
