package simulation

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
)

// facade is a platform's provider as one process has it.
type facade struct {
	*platform
	p *process
}

// provider gives the facade the optional interfaces of its kind.
func (pl *platform) provider(p *process) social.Provider {
	f := facade{pl, p}
	k := pl.kind
	switch {
	case k.prepare && k.find:
		return struct {
			facade
			refresher
			stager
			finder
		}{f, refresher{f}, stager{f}, finder{f}}
	case k.prepare:
		return struct {
			facade
			refresher
			stager
		}{f, refresher{f}, stager{f}}
	case k.find && k.confirm:
		return struct {
			facade
			refresher
			finder
			confirmer
		}{f, refresher{f}, finder{f}, confirmer{f}}
	case k.find:
		return struct {
			facade
			refresher
			finder
		}{f, refresher{f}, finder{f}}
	case k.confirm:
		return struct {
			facade
			refresher
			confirmer
		}{f, refresher{f}, confirmer{f}}
	case k.refresh:
		return struct {
			facade
			refresher
		}{f, refresher{f}}
	default:
		return f
	}
}

// Descriptor implements social.Provider.
func (f facade) Descriptor() social.Descriptor {
	return social.Descriptor{
		ID: f.id, Name: f.kind.name, DocsURL: "https://example.org", Markup: social.MarkupPlain,
		Limits: social.Limits{Text: social.TextLimit{Max: 500, Count: social.CountRunes}, Replies: 10},
		Dedupe: f.kind.dedupe,
	}
}

// Validate implements social.Provider.
func (facade) Validate(social.Item, social.Traits) []social.Problem { return nil }

// login is the form that connects an account.
type login struct {
	Account string `json:"account" required:"true" doc:"Who you are."`
}

// ConnectForm implements social.FormConnector.
func (facade) ConnectForm() social.Schema { return social.SchemaOf[login]() }

// ConnectWith implements social.FormConnector.
func (f facade) ConnectWith(_ context.Context, v social.Values) (social.Connection, error) {
	if err := f.p.at("connecting"); err != nil {
		return social.Connection{}, err
	}
	a := f.accounts[v["account"]]
	if a == nil {
		a = &account{name: v["account"]}
		f.accounts[a.name] = a
		f.names = append(f.names, a.name)
	}
	return social.Connection{Account: a.name, Name: a.name, Credential: f.sign(a, true)}, nil
}

var errLost = errors.New("the connection was reset")

// trip is one call on its way, and when it must be over.
type trip struct{ ends time.Time }

// setOut begins a call. It returns an error if nothing leaves this process.
func (f facade) setOut(ctx context.Context, what string) (trip, error) {
	t := trip{ends: f.w.now.Add(within(ctx))}
	if err := f.p.at("before " + what); err != nil {
		return t, err
	}
	if f.w.now.After(t.ends) || ctx.Err() != nil {
		return t, context.DeadlineExceeded // it stalled until the call was over
	}
	return t, nil
}

// take lets the time of a call pass. It returns an error if it is cut off.
func (f facade) take(t trip, d time.Duration) error {
	cut := f.w.now.Add(d).After(t.ends)
	if cut {
		d = t.ends.Sub(f.w.now)
	}
	if err := f.p.pass(max(d, 0)); err != nil {
		return err
	}
	if cut {
		return context.DeadlineExceeded
	}
	return nil
}

// latency is how long a call takes.
func (f facade) latency() time.Duration {
	w := f.w
	if w.calm || !w.roll(w.odds.slow) {
		return 20 * time.Millisecond
	}
	if w.roll(0.2) {
		w.happen("endless call", "%s does not answer", f.id)
		return 10_000 * time.Hour
	}
	return w.between(time.Second, 80*time.Second)
}

// refusal is a definite no, or nil.
func (f facade) refusal() error {
	w := f.w
	chance := w.odds.platform / 2
	if w.calm {
		return nil
	}
	switch f.mood {
	case away:
		chance = 0.9
	case crowded:
		chance = 0.6
	case fine:
	}
	if !w.roll(chance) {
		return nil
	}
	e := f.drawRefusal()
	w.happen("refused: "+string(e.Code), "%s says %s, retry after %s", f.id, e.Code, e.RetryAfter)
	return e
}

func (f facade) drawRefusal() *social.Error {
	w := f.w
	code := []social.Code{
		social.CodeUnavailable, social.CodeUnavailable, social.CodeRateLimited, social.CodeRateLimited, social.CodeRejected,
		social.CodeQuota, social.CodeScopeMissing, social.CodeAccountBlocked, social.CodeUnsupported, social.CodeAuthExpired, social.CodeAuthRevoked,
	}[w.rng.IntN(11)]
	switch f.mood {
	case away:
		code = social.CodeUnavailable
	case crowded:
		code = social.CodeRateLimited
	case fine:
	}
	e := social.Errorf(code, "No.")
	if w.roll(0.5) {
		switch code {
		case social.CodeRateLimited, social.CodeUnavailable:
			e.RetryAfter = w.between(time.Second, 30*time.Minute)
		case social.CodeQuota:
			e.RetryAfter = w.between(10*time.Minute, 10*time.Hour)
		default:
		}
	}
	e.Restart = f.kind.prepare && code == social.CodeUnavailable && w.roll(0.3)
	return e
}

// Publish implements social.Provider.
func (f facade) Publish(ctx context.Context, t social.Target, it social.Item, cur social.Cursor) (social.Outcome, error) {
	return f.change(ctx, t, func(attempt domain.AttemptID) (social.Outcome, error) { return f.receive(t, it, cur, attempt) })
}

// change makes a call that changes something: receive is what the platform makes
// of it.
func (f facade) change(ctx context.Context, t social.Target, receive func(domain.AttemptID) (social.Outcome, error)) (social.Outcome, error) {
	trip, err := f.setOut(ctx, "sending")
	if err != nil {
		return social.Outcome{}, err
	}
	id, _ := split(t.Key)
	f.w.tracef("%s sends %s to %s", f.p.owner(), t.Key, f.id)
	attempt := f.w.watch.sent(id, t.Key)
	defer f.occupy(t.Key, trip.ends)()
	d := f.latency()
	if err := f.takeOrLinger(trip, d, func() { _, _ = receive(attempt) }); err != nil {
		return social.Outcome{}, err
	}
	out, err := receive(attempt)
	if err := f.p.at("after sending"); err != nil {
		return social.Outcome{}, err
	}
	if f.w.now.After(trip.ends) {
		return social.Outcome{}, context.DeadlineExceeded
	}
	return f.answer(out, err)
}

// occupy marks the item with key as being published until the returned function
// is called. Providers are promised that no two calls publish the same item at
// the same time. A call that is overdue counts as over: its process stands still.
func (f facade) occupy(key string, ends time.Time) func() {
	if c, ok := f.calls[key]; ok && !c.by.dead && f.w.now.Before(c.ends) {
		f.w.violate(RuleOnce, "%s publishes %s while %s is at it", f.p.owner(), key, c.by.owner())
	}
	mine := call{f.p, ends}
	f.calls[key] = mine
	return func() {
		if f.calls[key] == mine {
			delete(f.calls, key)
		}
	}
}

// takeOrLinger is take for a request that, when its call is cut off, may still
// be taken later.
func (f facade) takeOrLinger(t trip, d time.Duration, later func()) error {
	err := f.take(t, d)
	if err == nil || !f.w.roll(0.5) {
		return err
	}
	// A platform that deduplicates for a while works on a request that was given
	// up no longer than a call may take, or nobody could rely on it.
	longest := time.Minute
	if f.kind.dedupe == 0 {
		longest = 4 * time.Hour
	}
	f.w.inFlight++
	f.w.after(f.w.between(0, longest), func() {
		f.w.inFlight--
		f.w.happen("accepted late", "%s comes to a request that was given up", f.id)
		later()
	})
	return err
}

// receive is what the platform makes of a request that reached it.
func (f facade) receive(t social.Target, it social.Item, cur social.Cursor, attempt domain.AttemptID) (social.Outcome, error) {
	if err := f.authorize(t); err != nil {
		f.w.tracef("%s says %v", f.id, err)
		return social.Outcome{}, err
	}
	if err := f.refusal(); err != nil {
		return social.Outcome{}, err
	}
	up := f.uploads[uploadOf(cur)]
	if f.kind.prepare && up == nil {
		return social.Outcome{}, &social.Error{Code: social.CodeRejected, Message: "There is no such upload.", Restart: true}
	}
	if err := f.duplicate(t, attempt); err != nil {
		return social.Outcome{}, err
	}
	a := f.accept(t, it, attempt)
	if up != nil {
		up.out = a
	}
	if f.kind.processing {
		return social.Pending(cursor(social.StepCheck, a.id, 2*time.Second)), nil
	}
	return social.Published(ref(a)), nil
}

// duplicate is how a platform may answer a repeated key, instead of with what
// it answered the first time.
func (f facade) duplicate(t social.Target, attempt domain.AttemptID) error {
	old := f.known(t.Key)
	if old == nil || old.refused || f.w.calm || !f.w.roll(0.3) {
		return nil
	}
	r := ref(old)
	e := &social.Error{Code: social.CodeDuplicate, Message: "You said that.", Existing: &r}
	if f.w.roll(0.3) || f.kind.processing {
		e.Existing = nil
	}
	f.had[attempt] = struct{}{}
	f.w.happen("duplicate", "%s says that it has %s", f.id, t.Key)
	return e
}

// answer is what arrives of what the platform said.
func (f facade) answer(out social.Outcome, err error) (social.Outcome, error) {
	w := f.w
	if w.calm || !w.roll(w.odds.platform/2) {
		return out, err
	}
	switch w.rng.IntN(3) {
	case 0:
		w.happen("answer lost", "the answer of %s is lost", f.id)
		return social.Outcome{}, errLost
	case 1:
		w.happen("502 after", "%s answers 502 after it took it", f.id)
		return social.Outcome{}, &social.Error{Code: social.CodeOutcomeUnknown, Message: "Half-way.", Status: 502}
	default:
		w.happen("nonsense", "%s answers nonsense", f.id)
		return social.Outcome{}, nil
	}
}

func cursor(next social.Step, state string, after time.Duration) social.Cursor {
	return social.Cursor{Next: next, State: json.RawMessage(strconv.Quote(state)), After: after}
}

func uploadOf(c social.Cursor) string {
	s, _ := strconv.Unquote(string(c.State))
	return s
}

// ask makes a call that only reads.
func (f facade) ask(ctx context.Context, t social.Target, what string) error {
	trip, err := f.setOut(ctx, what)
	if err != nil {
		return err
	}
	if err := f.take(trip, f.latency()); err != nil {
		return err
	}
	if err := f.authorize(t); err != nil {
		return err
	}
	// A platform that says "rejected" when asked about an item speaks of that
	// item, so a call that only reads is not refused like that by chance.
	if err := f.refusal(); err != nil && decided(err) {
		return social.Errorf(social.CodeUnavailable, "Not now.")
	} else if err != nil {
		return err
	}
	if !f.w.calm && f.w.roll(f.w.odds.platform/4) {
		return errLost
	}
	return f.p.at("after " + what)
}

func decided(err error) bool {
	c := social.CodeOf(err)
	return c == social.CodeRejected || c == social.CodeUnsupported
}

type refresher struct{ f facade }

// Refresh implements social.Refresher.
func (r refresher) Refresh(ctx context.Context, t social.Target) (social.Credential, error) {
	f := r.f
	trip, err := f.setOut(ctx, "the renewal")
	if err != nil {
		return social.Credential{}, err
	}
	if err := f.take(trip, f.latency()); err != nil {
		return social.Credential{}, err
	}
	a := f.accounts[t.Account]
	switch {
	case t.Credential.Refresh == "":
		f.w.violate(RuleLedger, "the refresh token of %s is gone", t.Account)
		return social.Credential{}, social.Errorf(social.CodeAuthRevoked, "No token.")
	case a.revoked || t.Credential.Refresh != a.refresh:
		return social.Credential{}, social.Errorf(social.CodeAuthRevoked, "You were signed out.")
	case !f.w.calm && f.w.roll(f.w.odds.platform):
		f.w.happen("renewal failed", "%s does not renew just now", f.id)
		return social.Credential{}, social.Errorf(social.CodeUnavailable, "Not now.")
	}
	same := f.w.roll(0.4)
	c := f.sign(a, !same)
	f.w.happen("renewed", "%s renews the token of %s", f.id, a.name)
	if same {
		c.Refresh = "" // the old one stays good
	}
	return c, f.p.at("after the renewal")
}

type stager struct{ f facade }

// Prepare implements social.Preparer.
func (s stager) Prepare(ctx context.Context, t social.Target, _ social.Item) (social.Cursor, error) {
	f, w := s.f, s.f.w
	trip, err := f.setOut(ctx, "the upload")
	if err != nil {
		return social.Cursor{}, err
	}
	d := f.latency()
	if !w.calm && w.roll(w.odds.slow) {
		d = w.between(time.Second, 40*time.Minute)
	}
	if err := f.take(trip, d); err != nil {
		return social.Cursor{}, err
	}
	if err := f.authorize(t); err != nil {
		return social.Cursor{}, err
	}
	if err := f.refusal(); err != nil {
		return social.Cursor{}, err
	}
	id := "upload-" + strconv.Itoa(len(f.uploads)+1)
	f.uploads[id] = &upload{ready: w.now}
	if !w.roll(0.4) {
		return cursor(social.StepPublish, id, 0), f.p.at("after the upload")
	}
	f.uploads[id].ready = w.now.Add(f.processingTime())
	return cursor(social.StepCheck, id, 3*time.Second), f.p.at("after the upload")
}

// Check implements social.Preparer.
func (s stager) Check(ctx context.Context, t social.Target, at social.Cursor) (social.Outcome, error) {
	f, w := s.f, s.f.w
	if err := f.ask(ctx, t, "the check"); err != nil {
		return social.Outcome{}, err
	}
	id := uploadOf(at)
	a := f.byID[id]
	if up := f.uploads[id]; up != nil {
		switch {
		case up.out != nil:
			a = up.out
		case w.now.Before(up.ready):
			return social.Pending(cursor(social.StepCheck, id, 5*time.Second)), nil
		default:
			return social.Pending(cursor(social.StepPublish, id, 0)), nil
		}
	}
	switch {
	case a == nil:
		return social.Outcome{}, &social.Error{Code: social.CodeUnavailable, Message: "There is no such upload.", Restart: true}
	case w.now.Before(a.done):
		return social.Pending(cursor(social.StepCheck, id, w.between(2*time.Second, time.Minute))), nil
	case a.refused:
		return social.Outcome{}, social.Errorf(social.CodeRejected, "It cannot be shown.")
	default:
		return social.Published(ref(a)), nil
	}
}

type finder struct{ f facade }

// Find implements social.Finder.
func (s finder) Find(ctx context.Context, t social.Target, it social.Item) (*social.Ref, error) {
	if err := s.f.ask(ctx, t, "the search"); err != nil {
		return nil, err
	}
	a := s.f.out(t.Key)
	if s.f.kind.words {
		a = s.f.saying(t, it)
	}
	if a == nil {
		return nil, nil
	}
	r := ref(a)
	return &r, nil
}

type confirmer struct{ f facade }

// Confirm implements social.Confirmer.
func (s confirmer) Confirm(ctx context.Context, t social.Target, r social.Ref) (bool, error) {
	if err := s.f.ask(ctx, t, "reading it back"); err != nil {
		return false, err
	}
	a := s.f.byID[r.ID]
	return a != nil && !a.refused && !s.f.w.now.Before(a.shows), nil
}
