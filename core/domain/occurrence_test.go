package domain_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/crierhq/crier/core/domain"
)

func TestStanding(t *testing.T) {
	t.Parallel()
	type list = []domain.Delivery
	at := func(channel domain.ChannelID, key string, s domain.DeliveryState) domain.Delivery {
		return domain.Delivery{Channel: channel, Occurrence: key, State: s}
	}
	const (
		scheduled, published, failed = domain.DeliveryScheduled, domain.DeliveryPublished, domain.DeliveryFailed
		missed, canceled, unknown    = domain.DeliveryMissed, domain.DeliveryCanceled, domain.DeliveryUnknown
	)
	cases := map[string]struct {
		once bool
		ds   list
		want domain.Summary
	}{
		"all to come":                {false, list{at("a", "1", scheduled), at("a", "2", scheduled)}, domain.SummaryScheduled},
		"some out":                   {false, list{at("a", "2", scheduled), at("a", "1", published)}, domain.SummaryScheduled},
		"the latest failed":          {false, list{at("a", "1", published), at("a", "2", failed), at("a", "3", scheduled)}, domain.SummaryAttention},
		"an earlier one failed":      {false, list{at("a", "1", failed), at("a", "2", published), at("a", "3", scheduled)}, domain.SummaryScheduled},
		"an earlier one is in doubt": {false, list{at("a", "1", unknown), at("a", "2", published), at("a", "3", scheduled)}, domain.SummaryAttention},
		"failed on one channel":      {false, list{at("a", "1", published), at("b", "1", missed), at("a", "2", scheduled), at("b", "2", scheduled)}, domain.SummaryAttention},
		"under way":                  {false, list{at("a", "1", domain.DeliveryPublishing), at("a", "2", scheduled)}, domain.SummaryPublishing},
		"one taken out":              {false, list{at("a", "1", published), at("a", "2", canceled), at("a", "3", scheduled)}, domain.SummaryScheduled},
		"over":                       {false, list{at("a", "1", failed), at("a", "2", published)}, domain.SummaryPublished},
		"over, badly":                {false, list{at("a", "1", published), at("a", "2", failed)}, domain.SummaryAttention},
		"all taken out":              {false, list{at("a", "1", canceled)}, domain.SummaryCanceled},
		"it was once":                {false, list{at("a", "", failed), at("a", "1", scheduled)}, domain.SummaryScheduled},
		"it is once now":             {true, list{at("a", "1", failed), at("a", "", scheduled)}, domain.SummaryScheduled},
		"once now, and in doubt":     {true, list{at("a", "1", unknown), at("a", "", published)}, domain.SummaryAttention},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := domain.Post{State: domain.PostScheduled, Recurrence: "x"}
			if tc.once {
				p.Recurrence = ""
			}
			if got := domain.Summarize(p.State, p.Standing(tc.ds)); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

// TestEarliestKey: no zone is so far away that a later occurrence has an
// earlier key.
func TestEarliestKey(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, hours := range []int{-15, -12, 0, 14, 15} {
		zone := time.FixedZone(fmt.Sprint(hours), hours*3600)
		if o := domain.Once(now.Add(time.Second), zone); o.Key < domain.EarliestKey(now) {
			t.Errorf("%d hours from UTC: got %s before %s", hours, o.Key, domain.EarliestKey(now))
		}
	}
}

func TestWhatIsKeptOutlivesAnEdit(t *testing.T) {
	t.Parallel()
	p := domain.Post{
		Items:   []domain.Item{{Text: "old"}},
		Targets: []domain.Target{{Channel: "a", Settings: []byte(`{"x":1}`)}, {Channel: "b"}},
	}
	d := domain.Delivery{Channel: "a"}
	d.Keep(p)
	p.Items, p.Targets = []domain.Item{{Text: "new"}}, []domain.Target{{Channel: "b"}}
	d.Keep(p) // the first one stays
	got := p.ContentOf(d)
	target, ok := got.Target("a")
	if texts := got.ItemsFor("a"); !ok || len(texts) != 1 || texts[0].Text != "old" || string(target.Settings) != `{"x":1}` {
		t.Errorf("got %+v with %+v, want what was kept", texts, target)
	}
	if !slices.EqualFunc(p.Targets, []domain.Target{{Channel: "b"}}, func(a, b domain.Target) bool { return a.Channel == b.Channel }) {
		t.Errorf("got targets %+v; want the post left as it is", p.Targets)
	}
	if err := d.Amend(2, 3, time.Now()); err != nil || d.Kept != nil || d.Revision != 2 || len(d.Parts) != 3 {
		t.Errorf("got %+v, %v; want it to take the new content", d, err)
	}
	d.Open = "attempt"
	if err := d.Amend(3, 1, time.Now()); err == nil {
		t.Error("got no error for one with a change on its way")
	}
}
