package channel_test

import (
	"testing"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/testkit/enginetest"
)

func TestSetGap(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	ch := e.Connect(e.Owner, "a")
	_, stranger := e.NewOrganization("")
	for name, c := range map[string]struct {
		actor domain.Actor
		gap   time.Duration
		want  fault.Kind
	}{
		"below zero":       {e.Owner, -time.Second, fault.Invalid},
		"above a day":      {e.Owner, 24*time.Hour + 1, fault.Invalid},
		"not allowed":      {enginetest.As(e.Owner, domain.RoleUser, "u"), time.Minute, fault.Denied},
		"of somebody else": {stranger, time.Minute, fault.NotFound},
	} {
		if _, err := e.Channels.SetGap(t.Context(), c.actor, ch.ID, "", c.gap); fault.KindOf(err) != c.want {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	if got, err := e.Channels.SetGap(t.Context(), e.Owner, ch.ID, "", time.Hour); err != nil || got.Gap != time.Hour {
		t.Errorf("got %s, %v; want an hour", got.Gap, err)
	}
}
