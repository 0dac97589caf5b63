package storetest

import (
	"cmp"
	"slices"

	"github.com/crierhq/crier/core/domain"
)

func inOrder(cs []domain.Channel) []domain.Channel {
	return slices.SortedFunc(slices.Values(cs), func(a, b domain.Channel) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
}

func channelIDs(cs []domain.Channel) []domain.ChannelID {
	return names(cs, func(c domain.Channel) domain.ChannelID { return c.ID })
}

func postIDs(ps []domain.Post) []domain.PostID {
	return names(ps, func(p domain.Post) domain.PostID { return p.ID })
}

func deliveryIDs(ds []domain.Delivery) []domain.DeliveryID {
	return names(ds, func(d domain.Delivery) domain.DeliveryID { return d.ID })
}

func names[V, ID any](vs []V, id func(V) ID) []ID {
	out := make([]ID, len(vs))
	for i, v := range vs {
		out[i] = id(v)
	}
	return out
}

// order notes a finding unless got names the same things in the same order.
func order[ID cmp.Ordered](b *bench, what string, got []ID, want ...ID) {
	if !slices.Equal(got, want) {
		b.errorf("%s: got %v, want %v", what, got, want)
	}
}
