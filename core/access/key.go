package access

import (
	"slices"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/permit"
)

// forPeople is what no API key may do, whatever its scope: a key that was stolen
// must not make another one, or let somebody else in, before it is revoked.
var forPeople = []permit.Resource{permit.Account, permit.APIKeys, permit.Ownership, permit.Billing}

// readByKeys is what an API key may read only.
var readByKeys = []permit.Resource{permit.Members, permit.Installation}

// withinReach is what an actor may do who is narrowed to some channels. The use
// cases leave out what does not belong to these; everything else is of the whole
// organization.
var withinReach = map[permit.Resource][]permit.Action{
	permit.Posts:         {permit.Create, permit.Read, permit.Update, permit.Delete},
	permit.PostsOfOthers: {permit.Create, permit.Read, permit.Update, permit.Delete},
	permit.Approvals:     {permit.Create, permit.Read, permit.Update, permit.Delete},
	permit.Channels:      {permit.Read, permit.Update, permit.Delete},
	permit.Media:         {permit.Create, permit.Read},
	permit.Organization:  {permit.Read},
	permit.Installation:  {permit.Read},
}

// KeysMay reports whether there can be an API key that may do act to things of
// the kind res.
func KeysMay(res permit.Resource, act permit.Action) bool {
	return !slices.Contains(forPeople, res) && (act == permit.Read || !slices.Contains(readByKeys, res))
}

// lent refuses what an API key may not do although its maker may.
func lent(a domain.Actor, res permit.Resource, act permit.Action) error {
	switch {
	case a.Key != "" && !KeysMay(res, act):
		return fault.New(fault.Denied, "not_for_keys", "No API key may do this. Sign in to do it.")
	case a.Reach != nil && !slices.Contains(withinReach[res], act):
		return beyondReach()
	}
	return nil
}

// CheckWhole returns a fault.Denied error if a is narrowed to some channels: for
// what shows things of the whole organization.
func CheckWhole(a domain.Actor) error {
	if a.Reach == nil {
		return nil
	}
	return beyondReach()
}

func beyondReach() error {
	return fault.New(fault.Denied, "beyond_reach", "This API key is limited to some integrations, and this concerns the whole organization.")
}
