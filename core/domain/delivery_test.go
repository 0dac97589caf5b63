package domain_test

import (
	"errors"
	"fmt"
	"math/rand"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
)

// allowed is the state machine as the documentation draws it, written down a
// second time so that a change of one is noticed.
var allowed = map[domain.DeliveryState]string{
	domain.DeliveryScheduled:  "preparing blocked missed canceled",
	domain.DeliveryPreparing:  "scheduled publishing failed blocked missed canceled",
	domain.DeliveryPublishing: "scheduled processing published failed unknown blocked",
	domain.DeliveryProcessing: "publishing published failed unknown",
	domain.DeliveryPublished:  "",
	domain.DeliveryFailed:     "scheduled publishing canceled",
	domain.DeliveryUnknown:    "scheduled publishing published",
	domain.DeliveryBlocked:    "scheduled publishing failed missed canceled",
	domain.DeliveryMissed:     "scheduled canceled",
	domain.DeliveryCanceled:   "",
}

func TestMovesAreTheDocumentedOnes(t *testing.T) {
	t.Parallel()
	for _, from := range domain.DeliveryStates() {
		for _, to := range domain.DeliveryStates() {
			want := from == to || slices.Contains(strings.Fields(allowed[from]), string(to))
			if got := from.CanBecome(to); got != want {
				t.Errorf("%s to %s: got %t, want %t", from, to, got, want)
			}
		}
		if from.CanBecome("nonsense") {
			t.Errorf("%s can become nonsense", from)
		}
	}
	if got := len(domain.DeliveryStates()); got != len(allowed) {
		t.Errorf("got %d states, want %d", got, len(allowed))
	}
}

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func scheduled(items int) domain.Delivery {
	return domain.Delivery{
		ID: "d1", Organization: "o1", Post: "p1", Channel: "c1", Provider: "x",
		State: domain.DeliveryScheduled, DueAt: start, WakeAt: start, Revision: 1,
		Parts: make([]domain.Part, items), CreatedAt: start, UpdatedAt: start, Version: 1,
	}
}

// copyOf shares nothing with d.
func copyOf(d domain.Delivery) domain.Delivery {
	d.Parts = slices.Clone(d.Parts)
	for i, p := range d.Parts {
		if p.Ref != nil {
			ref := *p.Ref
			d.Parts[i].Ref = &ref
		}
	}
	d.Cursor.State = slices.Clone(d.Cursor.State)
	return d
}

// verb is one method with arguments that r makes up.
type verb struct {
	name string
	do   func(d *domain.Delivery, r *rand.Rand, now time.Time) error
	// rests says that the delivery is left alone afterwards.
	rests bool
}

func someCursor(r *rand.Rand) domain.Cursor {
	switch r.Intn(3) {
	case 0:
		return domain.Cursor{}
	case 1:
		return domain.Cursor{Next: domain.StepCheck, State: []byte(`{"a":1}`)}
	default:
		return domain.Cursor{Next: domain.StepPublish, State: []byte(`{"b":2}`)}
	}
}

func verbs() []verb {
	why := domain.Reason{Code: "x", Message: "Because."}
	id := func(r *rand.Rand) domain.AttemptID { return domain.AttemptID(fmt.Sprintf("a%d", r.Int31())) }
	return []verb{
		{"Begin", func(d *domain.Delivery, _ *rand.Rand, now time.Time) error { return d.Begin(now) }, false},
		{"Prepared", func(d *domain.Delivery, r *rand.Rand, now time.Time) error {
			return d.Prepared(someCursor(r), now.Add(time.Second), now.Add(time.Hour), now)
		}, true},
		{"Intend", func(d *domain.Delivery, r *rand.Rand, now time.Time) error {
			return d.Intend(id(r), someCursor(r), now)
		}, false},
		{"Accept", func(d *domain.Delivery, r *rand.Rand, now time.Time) error {
			return d.Accept(domain.Ref{ID: fmt.Sprintf("r%d", r.Int31())}, time.Duration(r.Intn(2))*time.Minute, now)
		}, false},
		{"Process", func(d *domain.Delivery, r *rand.Rand, now time.Time) error {
			return d.Process(someCursor(r), now.Add(time.Second), now.Add(time.Hour), now)
		}, true},
		{"Refused", func(d *domain.Delivery, _ *rand.Rand, now time.Time) error { return d.Refused(why, now) }, false},
		{"Postpone", func(d *domain.Delivery, _ *rand.Rand, now time.Time) error {
			return d.Postpone(now.Add(time.Second), now)
		}, true},
		{"Look", func(d *domain.Delivery, _ *rand.Rand, now time.Time) error { return d.Look(now.Add(time.Second), now) }, true},
		{"Resend", func(d *domain.Delivery, r *rand.Rand, now time.Time) error { return d.Resend(id(r), now) }, false},
		{"Retry", func(d *domain.Delivery, _ *rand.Rand, now time.Time) error {
			return d.Retry(why, now.Add(time.Second), now)
		}, true},
		{"Fail", func(d *domain.Delivery, _ *rand.Rand, now time.Time) error { return d.Fail(why, now) }, true},
		{"Doubt", func(d *domain.Delivery, _ *rand.Rand, now time.Time) error { return d.Doubt(why, now) }, true},
		{"Miss", func(d *domain.Delivery, _ *rand.Rand, now time.Time) error { return d.Miss(why, now) }, true},
		{"Block", func(d *domain.Delivery, _ *rand.Rand, now time.Time) error {
			return d.Block(why, now.Add(time.Hour), now)
		}, true},
		{"Unblock", func(d *domain.Delivery, _ *rand.Rand, now time.Time) error { return d.Unblock(now) }, true},
		{"Cancel", func(d *domain.Delivery, _ *rand.Rand, now time.Time) error { return d.Cancel(now) }, true},
		{"Reschedule", func(d *domain.Delivery, r *rand.Rand, now time.Time) error {
			return d.Reschedule(now.Add(time.Hour), d.Revision+1, 1+r.Intn(3), now)
		}, true},
		{"TryAgain", func(d *domain.Delivery, _ *rand.Rand, now time.Time) error { return d.TryAgain(now) }, true},
	}
}

func onlyAPersonEnds(s domain.DeliveryState) bool {
	switch s {
	case domain.DeliveryPublished, domain.DeliveryFailed, domain.DeliveryUnknown, domain.DeliveryMissed, domain.DeliveryCanceled:
		return true
	default:
		return false
	}
}

// TestRandomWalksKeepTheRules calls every method in every state that a walk
// comes to. Whatever the order of calls, the rules of a delivery hold.
func TestRandomWalksKeepTheRules(t *testing.T) {
	t.Parallel()
	reached, worked, refused := map[domain.DeliveryState]int{}, map[string]int{}, map[string]int{}
	all := verbs()
	for seed := range int64(200) {
		r := rand.New(rand.NewSource(seed))
		d, now := scheduled(1+r.Intn(3)), start
		for step := range 60 {
			now = now.Add(time.Duration(r.Intn(1000)) * time.Millisecond)
			if r.Intn(3) == 0 {
				d.Claim("w", now.Add(time.Minute))
			}
			v := all[r.Intn(len(all))]
			before := copyOf(d)
			err := v.do(&d, r, now)
			where := fmt.Sprintf("seed %d step %d: %s from %s", seed, step, v.name, before.State)
			if err != nil {
				refused[v.name]++
				checkRefusal(t, where, err, before, d)
				continue
			}
			worked[v.name]++
			reached[d.State]++
			checkChange(t, where, v, before, d)
			checkStanding(t, where, d)
		}
		if t.Failed() {
			return
		}
	}
	for _, s := range domain.DeliveryStates() {
		if reached[s] == 0 {
			t.Errorf("no walk came to %s", s)
		}
	}
	for _, v := range all {
		if worked[v.name] == 0 || refused[v.name] == 0 && v.name != "Postpone" {
			t.Errorf("%s worked %d times and was refused %d times; the walk proves too little", v.name, worked[v.name], refused[v.name])
		}
	}
}

func checkRefusal(t *testing.T, where string, err error, before, after domain.Delivery) {
	t.Helper()
	if !errors.Is(err, &fault.Error{Kind: fault.Conflict}) {
		t.Errorf("%s: got %v, want a conflict", where, err)
	}
	if !reflect.DeepEqual(before, after) {
		t.Errorf("%s was refused and changed something:\n%+v\n%+v", where, before, after)
	}
}

// checkChange compares a delivery with what it was.
func checkChange(t *testing.T, where string, v verb, before, after domain.Delivery) {
	t.Helper()
	if !before.State.CanBecome(after.State) && (before.State != domain.DeliveryPreparing || v.name != "Accept") {
		t.Errorf("%s became %s, which is no move", where, after.State)
	}
	if after.Version != before.Version {
		t.Errorf("%s changed the version, which stores count", where)
	}
	if after.UpdatedAt.Before(before.UpdatedAt) {
		t.Errorf("%s set the clock back", where)
	}
	for i, p := range before.Parts {
		if p.Ref != nil && (i >= len(after.Parts) || !reflect.DeepEqual(after.Parts[i], p)) {
			t.Errorf("%s lost or changed item %d, which is out", where, i)
		}
	}
	rested := v.rests || v.name == "Accept" && (after.State == domain.DeliveryPublished || after.Lease.Owner == "" && before.Lease.Owner != "")
	if rested && (after.Lease.Owner != "" || !after.Lease.Until.IsZero() || after.Lease.Token <= before.Lease.Token) {
		t.Errorf("%s rests but holds the lease %+v, which was %+v", where, after.Lease, before.Lease)
	}
	if after.Lease.Token < before.Lease.Token {
		t.Errorf("%s let a token shrink", where)
	}
	sends := v.name == "Intend" || v.name == "Resend"
	if got := after.Attempts - before.Attempts; got != 0 && (!sends || got != 1) || sends && got != 1 {
		t.Errorf("%s counted %d attempts", where, got)
	}
	if sends && before.State != domain.DeliveryPreparing && before.State != domain.DeliveryPublishing {
		t.Errorf("%s may send, though nothing may be sent from there", where)
	}
	if v.name == "Intend" && before.Open != "" {
		t.Errorf("%s made a second intent beside %s", where, before.Open)
	}
	editing := v.name == "Reschedule" || v.name == "Cancel"
	if editing && (before.Begun() || before.Open != "") {
		t.Errorf("%s changed what is on its way", where)
	}
	person := editing || v.name == "TryAgain" || v.name == "Accept" && before.State == domain.DeliveryUnknown
	if onlyAPersonEnds(before.State) && after.State != before.State && !person {
		t.Errorf("%s ended a state that only a person ends: now %s", where, after.State)
	}
}

// checkStanding checks what is true of a delivery at any time.
func checkStanding(t *testing.T, where string, d domain.Delivery) {
	t.Helper()
	if d.WakeAt.IsZero() != onlyAPersonEnds(d.State) {
		t.Errorf("%s: wake time %v in %s", where, d.WakeAt, d.State)
	}
	if d.Open != "" && d.State != domain.DeliveryPublishing {
		t.Errorf("%s: an intent is open in %s", where, d.State)
	}
	for i, p := range d.Parts {
		if p.Ref != nil && i >= d.Current() {
			t.Errorf("%s: item %d is out before item %d", where, i, d.Current())
		}
		if (p.Ref == nil) != p.PublishedAt.IsZero() {
			t.Errorf("%s: item %d has a ref or a time alone", where, i)
		}
	}
	all := d.Current() == len(d.Parts)
	if all != (d.State == domain.DeliveryPublished) {
		t.Errorf("%s: %d of %d items are out in %s", where, d.Current(), len(d.Parts), d.State)
	}
	switch d.State {
	case domain.DeliveryScheduled, domain.DeliveryPreparing, domain.DeliveryMissed, domain.DeliveryCanceled:
		if d.Begun() {
			t.Errorf("%s: %s with items out", where, d.State)
		}
	case domain.DeliveryPublished, domain.DeliveryFailed, domain.DeliveryBlocked:
		if !d.Cursor.IsZero() || !d.Bound.IsZero() || d.Tries != 0 || d.Looks != 0 {
			t.Errorf("%s: %s keeps the progress of a step", where, d.State)
		}
	default:
	}
	if d.Editable() && (d.Begun() || d.Open != "" || d.State == domain.DeliveryPublished || d.State == domain.DeliveryUnknown) {
		t.Errorf("%s: editable in %s", where, d.State)
	}
}

// play calls methods in order and fails on the first error.
func play(t *testing.T, d *domain.Delivery, steps ...func(*domain.Delivery) error) {
	t.Helper()
	for i, s := range steps {
		if err := s(d); err != nil {
			t.Fatalf("step %d in %s: %v", i, d.State, err)
		}
	}
}

func begin(d *domain.Delivery) error  { return d.Begin(start) }
func intend(d *domain.Delivery) error { return d.Intend("a1", domain.Cursor{}, start) }
func accept(id string) func(*domain.Delivery) error {
	return func(d *domain.Delivery) error { return d.Accept(domain.Ref{ID: id}, 0, start) }
}
func fail(d *domain.Delivery) error { return d.Fail(domain.Reason{Code: "x"}, start) }

func TestAThreadGoesOutInOrder(t *testing.T) {
	t.Parallel()
	d := scheduled(3)
	d.Claim("w", start.Add(time.Minute))
	play(t, &d, begin, intend, accept("r1"))
	if d.State != domain.DeliveryPublishing || d.Current() != 1 || d.Lease.Owner != "w" || !d.WakeAt.Equal(start) {
		t.Fatalf("got %s at item %d with lease %+v and wake %v; want to go on at once", d.State, d.Current(), d.Lease, d.WakeAt)
	}
	play(t, &d, intend)
	if err := d.Accept(domain.Ref{ID: "r2"}, time.Hour, start); err != nil {
		t.Fatal(err)
	}
	if !d.WakeAt.Equal(start.Add(time.Hour)) || d.Lease.Owner != "" {
		t.Errorf("got wake %v, lease %+v; want to wait for the delay without a lease", d.WakeAt, d.Lease)
	}
	play(t, &d, intend, accept("r3"))
	if d.State != domain.DeliveryPublished || !d.WakeAt.IsZero() || d.Lease.Owner != "" {
		t.Errorf("got %s, wake %v, lease %+v; want published for ever", d.State, d.WakeAt, d.Lease)
	}
	var got []string
	for _, p := range d.Parts {
		got = append(got, p.Ref.ID)
	}
	if want := []string{"r1", "r2", "r3"}; !slices.Equal(got, want) {
		t.Errorf("got refs %v, want %v", got, want)
	}
	if err := d.Accept(domain.Ref{ID: "r4"}, 0, start); err == nil {
		t.Error("a fourth of three items was accepted")
	}
}

func TestWhatIsOutBeforeItWasSentIsAccepted(t *testing.T) {
	t.Parallel()
	d := scheduled(1)
	play(t, &d, begin, accept("found"))
	if d.State != domain.DeliveryPublished || d.Parts[0].Ref.ID != "found" {
		t.Errorf("got %s with %+v, want published at found", d.State, d.Parts)
	}
}

func TestNothingIsSentFromAStateThatRests(t *testing.T) {
	t.Parallel()
	cases := map[string][]func(*domain.Delivery) error{
		"scheduled": {},
		"failed":    {begin, fail},
		"published": {begin, intend, accept("r")},
		"unknown":   {begin, intend, func(d *domain.Delivery) error { return d.Doubt(domain.Reason{}, start) }},
		"missed":    {func(d *domain.Delivery) error { return d.Miss(domain.Reason{}, start) }},
		"canceled":  {func(d *domain.Delivery) error { return d.Cancel(start) }},
		"blocked":   {func(d *domain.Delivery) error { return d.Block(domain.Reason{}, start, start) }},
		"processing": {begin, intend, func(d *domain.Delivery) error {
			return d.Process(domain.Cursor{Next: domain.StepCheck}, start, start, start)
		}},
	}
	for name, steps := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := scheduled(2)
			if name == "published" {
				d = scheduled(1)
			}
			play(t, &d, steps...)
			if string(d.State) != name {
				t.Fatalf("got %s, want %s", d.State, name)
			}
			before := copyOf(d)
			if err := d.Intend("a2", domain.Cursor{}, start); err == nil {
				t.Errorf("an intent was put on record in %s", name)
			}
			if err := d.Resend("a2", start); err == nil {
				t.Errorf("a repeated call was put on record in %s", name)
			}
			if !reflect.DeepEqual(before, d) {
				t.Errorf("a refused intent changed the delivery:\n%+v\n%+v", before, d)
			}
		})
	}
}

func TestUnblockLeavesAloneWhatIsNotBlocked(t *testing.T) {
	t.Parallel()
	// A delivery that another worker gave up meanwhile would turn scheduled
	// without a wake time: it would wait for ever, and nobody would know.
	d := scheduled(1)
	play(t, &d, begin, fail)
	if err := d.Unblock(start); err == nil || d.State != domain.DeliveryFailed {
		t.Errorf("got %s, %v; want the failed delivery as it was and an error", d.State, err)
	}
}

func TestDoubtKeepsWhatALookUpNeeds(t *testing.T) {
	t.Parallel()
	d := scheduled(1)
	c := domain.Cursor{Next: domain.StepPublish, State: []byte(`{"id":1}`)}
	play(t, &d, begin, func(d *domain.Delivery) error { return d.Intend("a1", c, start) },
		func(d *domain.Delivery) error { return d.Look(start.Add(time.Minute), start) })
	if d.Open != "a1" || d.Looks != 1 {
		t.Fatalf("got open %q after %d looks, want a1 after one", d.Open, d.Looks)
	}
	play(t, &d, func(d *domain.Delivery) error { return d.Doubt(domain.Reason{Code: "y"}, start) })
	if d.Open != "" || !reflect.DeepEqual(d.Cursor, c) || d.Reason.Code != "y" {
		t.Errorf("got open %q, cursor %+v, reason %+v; want no intent, the cursor and the reason", d.Open, d.Cursor, d.Reason)
	}
}

func TestWaitingDoesNotGetLongerByWaiting(t *testing.T) {
	t.Parallel()
	d := scheduled(1)
	c := domain.Cursor{Next: domain.StepCheck}
	play(t, &d, begin, func(d *domain.Delivery) error { return d.Prepared(c, start, start.Add(time.Hour), start) },
		func(d *domain.Delivery) error { return d.Prepared(c, start, start.Add(2*time.Hour), start) })
	if want := start.Add(time.Hour); !d.Bound.Equal(want) {
		t.Errorf("got bound %v, want %v", d.Bound, want)
	}
}

func TestTryAgainKeepsWhatIsOut(t *testing.T) {
	t.Parallel()
	d := scheduled(2)
	play(t, &d, begin, intend, accept("r1"), fail)
	later := start.Add(time.Hour)
	if err := d.TryAgain(later); err != nil {
		t.Fatal(err)
	}
	if d.State != domain.DeliveryPublishing || d.Current() != 1 || !d.WakeAt.Equal(later) || !d.DueAt.Equal(later) {
		t.Errorf("got %s at item %d, wake %v, due %v; want to go on with the second item now", d.State, d.Current(), d.WakeAt, d.DueAt)
	}
	d = scheduled(1)
	play(t, &d, begin, fail)
	if err := d.TryAgain(later); err != nil || d.State != domain.DeliveryScheduled || !d.DueAt.Equal(later) {
		t.Errorf("got %s due %v, %v; want scheduled for now", d.State, d.DueAt, err)
	}
}

func TestRetryKeepsUploadsThatStand(t *testing.T) {
	t.Parallel()
	c := domain.Cursor{Next: domain.StepCheck, State: []byte(`1`)}
	retry := func(d *domain.Delivery) error { return d.Retry(domain.Reason{}, start.Add(time.Second), start) }
	cases := map[string]struct {
		steps []func(*domain.Delivery) error
		want  domain.DeliveryState
	}{
		"nothing prepared": {[]func(*domain.Delivery) error{begin}, domain.DeliveryScheduled},
		"prepared": {[]func(*domain.Delivery) error{begin, func(d *domain.Delivery) error {
			return d.Prepared(c, start, start, start)
		}}, domain.DeliveryPreparing},
		"refused": {[]func(*domain.Delivery) error{begin, intend}, domain.DeliveryScheduled},
		"begun":   {[]func(*domain.Delivery) error{begin, intend, accept("r1"), intend}, domain.DeliveryPublishing},
		"processing": {[]func(*domain.Delivery) error{begin, intend, func(d *domain.Delivery) error {
			return d.Process(c, start, start, start)
		}}, domain.DeliveryProcessing},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := scheduled(2)
			play(t, &d, append(tc.steps, retry)...)
			if d.State != tc.want || d.Open != "" || d.Tries != 1 {
				t.Errorf("got %s, open %q, %d tries; want %s, none, 1", d.State, d.Open, d.Tries, tc.want)
			}
		})
	}
}

func TestStatesSayWhoHasToAct(t *testing.T) {
	t.Parallel()
	moving := []domain.DeliveryState{domain.DeliveryPreparing, domain.DeliveryPublishing, domain.DeliveryProcessing}
	attention := []domain.DeliveryState{domain.DeliveryFailed, domain.DeliveryUnknown, domain.DeliveryBlocked, domain.DeliveryMissed}
	for _, s := range domain.DeliveryStates() {
		if got, want := s.Moving(), slices.Contains(moving, s); got != want {
			t.Errorf("%s moving: got %t, want %t", s, got, want)
		}
		if got, want := s.NeedsAttention(), slices.Contains(attention, s); got != want {
			t.Errorf("%s needs attention: got %t, want %t", s, got, want)
		}
		if got, want := string(domain.DeliveryEvent(s)), "delivery."+string(s); got != want {
			t.Errorf("got event %q, want %q", got, want)
		}
	}
}
