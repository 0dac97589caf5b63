package client

import (
	"context"
	"iter"
)

// page is a part of a list.
type page[T any] struct {
	data []T
	next string
}

// all goes through a list from the cursor on, a page at a time. An error is the
// last that is yielded.
func all[T any](ctx context.Context, cursor string, get func(ctx context.Context, cursor string) (page[T], error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for {
			p, err := get(ctx, cursor)
			if err != nil {
				yield(*new(T), err)
				return
			}
			for _, v := range p.data {
				if !yield(v, nil) {
					return
				}
			}
			if p.next == "" {
				return
			}
			cursor = p.next
		}
	}
}
