package main

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/testkit/simulator"
)

// followed publishes a post and waits for what is to follow it.
func (w *world) followed(ann domain.Channel, rule domain.After) (first, next simulator.Post) {
	w.t.Helper()
	before := len(w.timeline())
	in := w.input([]domain.Item{w.first("And then.")}, ann)
	in.After = []domain.After{rule}
	v, err := w.Posts.Create(w.t.Context(), w.Owner, in)
	if err != nil {
		w.t.Fatal(err)
	}
	w.until(v.Post.ID, func(v core.PostView) bool { return len(v.Following) == 1 && atRest(v.Following) })
	if v, err = w.Posts.Get(w.t.Context(), w.Owner, v.Post.ID); err != nil {
		w.t.Fatal(err)
	}
	if d := v.Following[0]; d.State != domain.DeliveryPublished {
		w.t.Fatalf("got %s (%s: %s), want it to follow", d.State, d.Reason.Code, d.Reason.Message)
	}
	out := w.timeline()[before:]
	if len(out) != 2 {
		w.t.Fatalf("got %d posts out there, want 2: %+v", len(out), out)
	}
	return out[0], out[1]
}

func (w *world) comment(ann domain.Channel) {
	if w.can.Descriptor.Limits.Replies == 0 {
		w.t.Skip("the platform takes no comments")
	}
	text := w.say("The link is here.")
	first, next := w.followed(ann, domain.After{Do: domain.ActionComment, Text: text, Delay: time.Minute})
	if next.Parent != first.ID || !strings.Contains(next.Text, text) || next.Account != first.Account {
		w.t.Errorf("got %+v, want a comment on %s", next, first.ID)
	}
}

func (w *world) repost(ann domain.Channel) {
	if w.can.Can.Repost == nil || w.can.Can.Resolve == nil {
		w.t.Skip("the platform has no reposts by others")
	}
	bob := w.connect(w.people()[1])
	first, next := w.followed(ann, domain.After{Do: domain.ActionRepost, Channel: bob.ID})
	if next.Repost != first.ID || next.Account == first.Account {
		w.t.Errorf("got %+v, want a repost of %s by somebody else", next, first.ID)
	}
}

// numbers asks how a post does a day later.
func (w *world) numbers(ann domain.Channel) {
	if w.can.Can.Meter == nil {
		w.t.Skip("the platform tells no numbers of posts")
	}
	v := w.settle(w.create([]domain.Item{w.first("Count me.")}, ann).Post.ID)
	w.Clock.Advance(25 * time.Hour)
	got, err := w.Insight.Post(w.t.Context(), w.Owner, v.Post.ID)
	if err != nil || len(got) != 1 || got[0].Problem != nil || len(got[0].Metrics) == 0 {
		w.t.Errorf("got %+v, %v; want numbers", got, err)
	}
}

func (w *world) accountNumbers(ann domain.Channel) {
	if w.can.Can.Account == nil {
		w.t.Skip("the platform tells no numbers of accounts")
	}
	now := w.Clock.Now()
	got, err := w.Insight.Account(w.t.Context(), w.Owner, ann.ID, now.AddDate(0, 0, -7), now.AddDate(0, 0, 1))
	if err != nil || len(got) == 0 {
		w.t.Errorf("got %v, %v; want numbers", got, err)
	}
}

// lookUps asks for what only the platform knows: values of settings, and people.
func (w *world) lookUps(ann domain.Channel) {
	if w.can.Can.Options == nil && w.can.Can.Mention == nil {
		w.t.Skip("the platform has no look-ups")
	}
	for _, f := range w.can.Descriptor.Settings.Fields() {
		if !f.Lookup || w.can.Can.Options == nil {
			continue
		}
		var got []social.Option
		var err error
		for _, search := range []string{"", "a"} { // Some platforms only search.
			if len(got) == 0 && err == nil {
				got, err = w.Channels.Options(w.t.Context(), w.Owner, ann.ID, f.Name, search, filled(cmp.Or(w.facts.lookUps, w.facts.settings), ann.Account))
			}
		}
		if err != nil || len(got) == 0 {
			w.t.Errorf("%s: got %v, %v; want values", f.Name, got, err)
		}
	}
	if w.can.Can.Mention == nil {
		return
	}
	for _, a := range slices.Concat(w.scene.Accounts(string(w.id)), w.scene.Accounts(w.facts.signIn)) {
		got, err := w.Channels.Mentions(w.t.Context(), w.Owner, ann.ID, strings.TrimPrefix(a.Handle, "@"))
		if err != nil {
			w.t.Fatal(err)
		}
		if slices.ContainsFunc(got, func(m social.Mention) bool { return m.Name == a.Name || strings.Contains(m.Handle, a.Handle) }) {
			return // On some platforms only pages can be found, on others only people.
		}
	}
	w.t.Error("nobody of the platform can be found to be mentioned")
}

// editAndDelete asks the provider itself: the engine offers neither yet.
func (w *world) editAndDelete(ann domain.Channel) {
	can := w.can.Can
	if can.Edit == nil && can.Delete == nil {
		w.t.Skip("the platform has neither")
	}
	before := len(w.timeline())
	items := []domain.Item{w.first("Before.")}
	v := w.settle(w.create(items, ann).Post.ID)
	w.same(v, items, before)
	to, err := w.Channels.Credentials().Target(w.t.Context(), ann)
	if err != nil {
		w.t.Fatal(err)
	}
	to.Key, to.FirstTry = "edit", w.Clock.Now()
	ref := *v.Deliveries[0].Parts[0].Ref
	if can.Edit != nil {
		ref = w.edit(to, ref, items[0], before)
	}
	w.visible(to, ref, true)
	if can.Delete == nil {
		return
	}
	for range 2 {
		if err := can.Delete.Delete(w.t.Context(), to, ref); err != nil {
			w.t.Fatal(err)
		}
	}
	if n := len(w.timeline()) - before; n != 0 {
		w.t.Errorf("got %d posts out there, want none", n)
	}
	w.visible(to, ref, false)
}

func (w *world) edit(to social.Target, ref social.Ref, it domain.Item, before int) social.Ref {
	w.t.Helper()
	changed := social.Item{Text: "After.", Settings: w.settings(to.Account)}
	for _, a := range it.Media {
		m, err := w.Media.Get(w.t.Context(), w.Owner, a.Media)
		if err != nil {
			w.t.Fatal(err)
		}
		changed.Media = append(changed.Media, w.Media.ForProvider(m, ""))
	}
	next, err := w.can.Can.Edit.Edit(w.t.Context(), to, ref, changed)
	if e, ok := errors.AsType[*social.Error](err); ok && e.Code == social.CodeUnsupported {
		return ref // It cannot change a post of this kind.
	}
	if err != nil {
		w.t.Fatal(err)
	}
	if p := w.timeline()[before]; !strings.Contains(p.Text, "After.") || strings.Contains(p.Text, "Before.") || p.Edited.IsZero() {
		w.t.Errorf("got %+v out there, want it changed", p)
	}
	return next
}

func (w *world) visible(to social.Target, ref social.Ref, want bool) {
	w.t.Helper()
	if w.can.Can.Confirm == nil {
		return
	}
	if got, err := w.can.Can.Confirm.Confirm(w.t.Context(), to, ref); err != nil || got != want {
		w.t.Errorf("got visible %t, %v; want %t", got, err, want)
	}
}
