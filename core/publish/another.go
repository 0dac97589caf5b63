package publish

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
)

// Most platforms find an item by what it says. Where another item of the channel
// says the same, what is found may be that one, and the one that is looked for
// would be lost without a word.

// another reports whether what was found is another item of the channel, or may
// be: first is when the one that is looked for was sent first.
func (p *Publisher) another(ctx context.Context, j *job, ref domain.Ref, first time.Time) (bool, error) {
	if taken, err := p.taken(ctx, j, ref); taken || err != nil {
		return taken, err
	}
	if j.d.Current() > 0 {
		return false, nil // only its own items hang on the one before it
	}
	// Clocks differ, and a call that was given up may still be worked on.
	since := first.Add(-time.Minute - 2*p.pol.CallTimeout)
	near, err := p.cfg.Store.Deliveries().ChangedSince(ctx, j.d.Organization, j.d.Channel, since)
	if err != nil {
		return false, err
	}
	near = slices.DeleteFunc(near, func(d domain.Delivery) bool { return d.ID == j.d.ID || d.Follows != j.d.Follows || !inDoubt(d) })
	if len(near) == 0 || j.d.Follows != "" {
		return len(near) > 0, nil
	}
	return p.sayTheSame(ctx, j, near)
}

// notAnothers is an error if what a repeated call was answered with is another
// item of the channel: some adapters look before they send again.
func (p *Publisher) notAnothers(ctx context.Context, j *job, out social.Outcome) error {
	if out.Ref == nil {
		return nil
	}
	taken, err := p.taken(ctx, j, *out.Ref)
	if err != nil || !taken {
		return err
	}
	return social.Errorf(social.CodeOutcomeUnknown, "There is another post that says the same, so nobody can tell whether this one is out.")
}

// taken reports whether ref is that of another item of the channel. Where a
// person said that an item is there, its address is its id.
func (p *Publisher) taken(ctx context.Context, j *job, ref domain.Ref) (bool, error) {
	if j.reposts() {
		return false, nil // it is made once for all of them
	}
	ids := []string{ref.ID}
	if ref.URL != "" {
		ids = append(ids, ref.URL)
	}
	all, err := p.cfg.Store.Deliveries().WithRef(ctx, j.d.Organization, j.d.Channel, ids...)
	return len(all) > 0, err
}

// inDoubt reports whether the first item of d may be out where nobody knows.
func inDoubt(d domain.Delivery) bool {
	return d.Attempts > 0 && (d.Current() == 0 || d.Parts[0].Ref == nil || d.Parts[0].Ref.ID == "")
}

// sayTheSame reports whether the first item of one of ds has the words of the
// item that j is at.
func (p *Publisher) sayTheSame(ctx context.Context, j *job, ds []domain.Delivery) (bool, error) {
	var ids []domain.PostID
	for _, d := range ds {
		ids = append(ids, d.Post)
	}
	posts, err := p.cfg.Store.Posts().GetMany(ctx, j.d.Organization, ids)
	if err != nil {
		return false, err
	}
	words := firstWords(j.post, j.d)
	return slices.ContainsFunc(ds, func(d domain.Delivery) bool {
		i := slices.IndexFunc(posts, func(p domain.Post) bool { return p.ID == d.Post })
		return i >= 0 && firstWords(posts[i].ContentOf(d), d) == words
	}), nil
}

// firstWords is the text of the first item of d, without what platforms tidy up.
func firstWords(post domain.Post, d domain.Delivery) string {
	items := post.ItemsFor(d.Channel)
	if len(items) == 0 {
		return ""
	}
	return strings.ToLower(strings.Join(strings.Fields(items[0].Text), " "))
}
