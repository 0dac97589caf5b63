package channel_test

import (
	"slices"
	"testing"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/testkit/enginetest"
)

func TestSlotsAreReplacedByWhoManagesChannels(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	ch := e.Connect(e.Owner, "a")
	tuesday, monday := domain.Slot{Weekday: time.Tuesday, Minute: 9 * 60}, domain.Slot{Weekday: time.Monday, Minute: 60}
	got, err := e.Channels.SetSlots(t.Context(), e.Owner, ch.ID, "", []domain.Slot{tuesday, monday})
	if err != nil || !slices.Equal(got.Slots, []domain.Slot{monday, tuesday}) {
		t.Errorf("got %v, %v; want both in the order of the week", got.Slots, err)
	}
	e.Connect(e.Owner, "a") // connected again
	if got, err = e.Channels.Get(t.Context(), e.Owner, ch.ID); err != nil || len(got.Slots) != 2 {
		t.Errorf("got %v, %v; want them to outlive a reconnect", got.Slots, err)
	}
	for name, c := range map[string]struct {
		actor domain.Actor
		id    domain.ChannelID
		slots []domain.Slot
		want  fault.Kind
	}{
		"twice":            {e.Owner, ch.ID, []domain.Slot{monday, monday}, fault.Invalid},
		"a viewer":         {enginetest.As(e.Owner, domain.RoleViewer, "v"), ch.ID, nil, fault.Denied},
		"a user":           {enginetest.As(e.Owner, domain.RoleUser, "u"), ch.ID, nil, fault.Denied},
		"no such channel":  {e.Owner, "none", nil, fault.NotFound},
		"somebody else":    {other(e), ch.ID, nil, fault.NotFound},
		"the wrong minute": {e.Owner, ch.ID, []domain.Slot{{Minute: 1440}}, fault.Invalid},
	} {
		if _, err := e.Channels.SetSlots(t.Context(), c.actor, c.id, "", c.slots); fault.KindOf(err) != c.want {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	if got, err = e.Channels.SetSlots(t.Context(), e.Owner, ch.ID, "", nil); err != nil || len(got.Slots) != 0 {
		t.Errorf("got %v, %v; want none", got.Slots, err)
	}
}

func other(e *enginetest.Engine) domain.Actor {
	_, a := e.NewOrganization("")
	return a
}
