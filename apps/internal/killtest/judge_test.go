package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/core/domain"
)

var noon = time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)

// world is what a judge gets to see.
type world struct {
	posts  []booked
	said   []record
	ledger ledger
}

// honest is a world in which two posts went out well after a lost answer.
func honest() *world {
	w := &world{ledger: ledger{requests: map[string]int{}}}
	for n := range 2 {
		id, of := fmt.Sprintf("post-%d", n), fmt.Sprintf("delivery-%d", n)
		s := status{
			ID: fmt.Sprint(1000 + n), Account: "7", Key: of + ".0.1", Text: fmt.Sprintf("#%d", n), Number: n,
			URL: fmt.Sprintf("http://host/@7/%d", 1000+n), At: noon.Add(2 * time.Second),
		}
		r := record{ID: id, Content: s.Text, Deliveries: []delivery{{ID: of, State: domain.DeliveryPublished, Items: []item{{s.ID, s.URL}}}}}
		first := attempt{Delivery: of, Number: 1, StartedAt: noon.Add(time.Second), Result: "unknown"}
		second := attempt{Delivery: of, Number: 2, StartedAt: noon.Add(time.Second), Result: "accepted", URL: s.URL}
		r.Attempts = []attempt{first, second}
		for i, ev := range []string{"delivery.scheduled", "post.scheduled", "delivery.preparing", "delivery.publishing", "delivery.published", "post.published"} {
			m := moment{At: noon.Add(time.Duration(i) * time.Second), Event: ev}
			if strings.HasPrefix(ev, "delivery.") {
				m.Delivery = of
			}
			r.Timeline = append(r.Timeline, m)
		}
		w.posts = append(w.posts, booked{number: n, id: id, account: "7", due: noon})
		w.said = append(w.said, r)
		w.ledger.statuses = append(w.ledger.statuses, s)
		w.ledger.requests[s.Key] = 2
	}
	return w
}

// turn gives the first post another end.
func (w *world) turn(to domain.DeliveryState) {
	r := &w.said[0]
	r.Deliveries[0].State, r.Deliveries[0].Items = to, nil
	r.Timeline[4].Event, r.Timeline[5].Event = "delivery."+string(to), "post."+string(to)
	r.Attempts[1].Result, r.Attempts[1].URL = "unknown", ""
}

func TestJudgeIsContentWithAnHonestWorld(t *testing.T) {
	t.Parallel()
	doubtful := honest()
	doubtful.turn(domain.DeliveryUnknown)
	failed := honest()
	failed.turn(domain.DeliveryFailed)
	failed.said[0].Attempts[1].Result = "refused"
	failed.ledger.statuses = failed.ledger.statuses[1:]
	for name, w := range map[string]*world{"published": honest(), "unknown, and out": doubtful, "failed, and not out": failed} {
		if got := judge(w.posts, w.said, w.ledger); len(got) > 0 {
			t.Errorf("%s: got %q, want nothing to find", name, got)
		}
	}
}

func TestJudgeFinds(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		bend func(w *world)
		want string
	}{
		"a double": {func(w *world) {
			again := w.ledger.statuses[0]
			again.ID, again.URL = "2000", "http://host/@7/2000"
			w.ledger.statuses = append(w.ledger.statuses, again)
		}, "DOUBLE: post #0 (post-0) was accepted 2 times"},
		"a loss": {func(w *world) { w.ledger.statuses = w.ledger.statuses[1:] }, "was never accepted"},
		"no end": {func(w *world) { w.turn(domain.DeliveryScheduled) }, "LOST: post #0 (post-0), which is scheduled, has come to no end"},
		"no end, with what it waits for": {func(w *world) {
			w.turn(domain.DeliveryPublishing)
			d := &w.said[0].Deliveries[0]
			d.Reason.Code, d.Reason.Message, d.NextAt = "outcome_unknown", "It was lost.", noon.Add(time.Minute)
		}, "after 2 attempts, the last of which began at 12:00:01 and is unknown: outcome_unknown (It was lost.); it is looked at next at 12:01:00"},
		"no end, forgotten": {func(w *world) { w.turn(domain.DeliveryPublishing) }, "is unknown; nothing is planned for it"},
		"no end either":     {func(w *world) { w.turn(domain.DeliveryPublishing) }, "has come to no end"},
		"failed but out":    {func(w *world) { w.turn(domain.DeliveryFailed) }, "which is failed, is out at"},
		"missed but out":    {func(w *world) { w.turn(domain.DeliveryMissed) }, "which is missed, is out at"},
		"another post":      {func(w *world) { w.said[0].ID = "post-9" }, "LOST: post #0"},
		"no delivery":       {func(w *world) { w.said[0].Deliveries = nil }, "0 deliveries"},
		"wrong link":        {func(w *world) { w.said[0].Deliveries[0].Items[0].URL = "http://host/@7/1001" }, "has the links"},
		"wrong account":     {func(w *world) { w.ledger.statuses[0].Account = "8" }, "went to the account 8"},
		"too early":         {func(w *world) { w.ledger.statuses[0].At = noon.Add(-time.Second) }, "before its time"},
		"nobody's":          {func(w *world) { w.ledger.statuses[0].Number = 99 }, "nobody booked"},
		"nobody's request":  {func(w *world) { w.ledger.requests["x"] = 1 }, "no delivery has"},
		"another key":       {func(w *world) { w.ledger.statuses[0].Key = "delivery-1.0.1" }, "with the key"},
		"sent unrecorded":   {func(w *world) { w.ledger.requests["delivery-0.0.1"] = 3 }, "was sent 3 times, with 2 attempts"},
		"sent before":       {func(w *world) { w.said[0].Attempts[0].StartedAt = noon.Add(time.Minute) }, "before its first attempt"},
		"open attempt":      {func(w *world) { w.said[0].Attempts[0].Result = "open" }, "without a result"},
		"accepted twice":    {func(w *world) { w.said[0].Attempts[0] = w.said[0].Attempts[1] }, "2 attempts that were accepted"},
		"missing attempt":   {func(w *world) { w.said[0].Attempts = w.said[0].Attempts[1:] }, "in the place of"},
		"attempt elsewhere": {func(w *world) { w.said[0].Attempts[1].URL = "http://host/" }, "want the link"},
		"unknown, refused": {func(w *world) {
			w.turn(domain.DeliveryUnknown)
			w.said[0].Attempts[1].Result = "refused"
		}, "want unknown"},
		"events in disorder": {func(w *world) { w.said[0].Timeline[3].At = noon }, "before the one that came first"},
		"event missing": {func(w *world) {
			w.said[0].Timeline = append(w.said[0].Timeline[:3], w.said[0].Timeline[4:]...)
		}, "which cannot be"},
		"first missing": {func(w *world) { w.said[0].Timeline = w.said[0].Timeline[1:] }, `from "" to "preparing"`},
		"event twice":   {func(w *world) { w.said[0].Timeline[2].Event = "delivery.scheduled" }, "which cannot be"},
		"last missing":  {func(w *world) { w.said[0].Timeline = w.said[0].Timeline[:4] }, "as its last event"},
		"untold":        {func(w *world) { w.said[0].Timeline = w.said[0].Timeline[:5] }, "ends with the event"},
		"another's":     {func(w *world) { w.said[0].Timeline[3].Delivery = "delivery-1" }, "of another delivery"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := honest()
			tc.bend(w)
			if got := strings.Join(judge(w.posts, w.said, w.ledger), "\n"); !strings.Contains(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}
