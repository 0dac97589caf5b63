package compose_test

import (
	"testing"
	"time"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/testkit/enginetest"
)

func TestRulesThatCannotBeCarriedOut(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	ch, other := e.Connect(e.Owner, "a"), e.Connect(e.Owner, "b")
	for want, a := range map[string]domain.After{
		"":                            {Do: domain.ActionComment, Text: "fine", Delay: time.Hour},
		"after[0].do enum":            {Do: "shout"},
		"after[0].text required":      {Do: domain.ActionComment, Text: " "},
		"after[0].delay range":        {Do: domain.ActionComment, Text: "x", Delay: -1},
		"after[0].watch not_together": {Do: domain.ActionComment, Text: "x", Watch: time.Hour},
		"after[0].likes unsupported":  {Do: domain.ActionComment, Text: "x", Likes: 5},
		"after[0].do unsupported":     {Do: domain.ActionRepost},
		"after[0].channel not_found":  {Do: domain.ActionComment, Text: "x", Channel: "none"},

		"after[0].channel unsupported": {Do: domain.ActionComment, Text: "x", Channel: other.ID},
	} {
		problems, err := e.Posts.Validate(t.Context(), e.Owner, core.PostInput{
			Items: []domain.Item{{Text: "root"}}, Targets: []domain.Target{{Channel: ch.ID}}, When: core.Now, After: []domain.After{a},
		})
		got := ""
		for _, p := range problems {
			got += p.Field + " " + p.Rule
		}
		if err != nil || got != want {
			t.Errorf("got %q, %v; want %q", got, err, want)
		}
	}
}
