package storetest

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/store"
)

func mediaChecks() []Check {
	return []Check{
		{"media/lists the newest first, in pages", mediaPages},
		{"media/gets many", mediaGetMany},
		{"media/is deleted by its organization only", mediaDelete},
	}
}

func (b *bench) media(id domain.MediaID, made time.Time) domain.Media {
	m := mediaKind().new(b)
	m.ID, m.CreatedAt = id, made
	b.must(b.Media().Insert(b, m.Organization, m), "insert")
	return m
}

func mediaIDs(ms []domain.Media) []domain.MediaID {
	return names(ms, func(m domain.Media) domain.MediaID { return m.ID })
}

func mediaPages(b *bench) {
	var want []domain.MediaID
	for i, id := range tied {
		// Three share a time; which of them comes first is up to the store.
		b.media(domain.MediaID(id), at(time.Duration(i/3)*time.Microsecond))
		want = append(want, domain.MediaID(id))
	}
	foreign := mediaKind().new(b)
	foreign.Organization = theirs
	b.must(b.Media().Insert(b, theirs, foreign), "insert")
	slices.Sort(want)
	for limit := 1; limit <= 9; limit++ {
		p := store.Page{Limit: limit}
		var all []domain.Media
		for i := range 20 {
			page := must2[[]domain.Media](b, "list")(b.Media().List(b, ours, p))
			if len(page) == 0 || len(page) > limit {
				break
			}
			all = append(all, page...)
			last := page[len(page)-1]
			p.After = store.Position{At: last.CreatedAt, ID: string(last.ID)}
			if limit == 1 { // newer ones do not move the reader
				b.must(b.Media().Insert(b, ours, domain.Media{
					ID: domain.MediaID(fmt.Sprint("new", i)), Organization: ours, CreatedAt: at(time.Hour),
				}), "insert")
			}
		}
		all = slices.DeleteFunc(all, func(m domain.Media) bool { return len(m.ID) > 2 })
		if !slices.IsSortedFunc(all, func(a, b domain.Media) int { return b.CreatedAt.Compare(a.CreatedAt) }) {
			b.errorf("pages of %d: got %v, want the newest first", limit, mediaIDs(all))
		}
		got := mediaIDs(all)
		slices.Sort(got)
		order(b, fmt.Sprintf("pages of %d, sorted", limit), got, want...)
	}
}

func mediaGetMany(b *bench) {
	one, _, three := b.media("1", noon()), b.media("2", noon()), b.media("3", noon())
	foreign := mediaKind().new(b)
	foreign.Organization = theirs
	b.must(b.Media().Insert(b, theirs, foreign), "insert")
	got := must2[[]domain.Media](b, "GetMany")(b.Media().GetMany(b, ours, []domain.MediaID{"3", "none", "1", foreign.ID, "3"}))
	slices.SortFunc(got, func(a, b domain.Media) int { return cmpText(a.ID, b.ID) })
	b.same("GetMany", got, []domain.Media{one, three})
	if got := must2[[]domain.Media](b, "GetMany")(b.Media().GetMany(b, ours, nil)); len(got) != 0 {
		b.errorf("GetMany of nothing: got %d, want 0", len(got))
	}
	got = must2[[]domain.Media](b, "GetMany of many")(b.Media().GetMany(b, ours, manyIDs[domain.MediaID]("3")))
	b.same("GetMany of many", got, []domain.Media{three})
}

func mediaDelete(b *bench) {
	m := b.media("1", noon())
	if err := b.Media().Delete(b, theirs, m.ID); !errors.Is(err, fault.ErrNotFound) {
		b.errorf("delete for another organization: got error %v, want fault.ErrNotFound", err)
	}
	b.same("file after it", must2[domain.Media](b, "get")(b.Media().Get(b, ours, m.ID)), m)
	b.must(b.Media().Delete(b, ours, m.ID), "delete")
	if err := b.Media().Delete(b, ours, m.ID); !errors.Is(err, fault.ErrNotFound) {
		b.errorf("second delete: got error %v, want fault.ErrNotFound", err)
	}
	if _, err := b.Media().Get(b, ours, m.ID); !errors.Is(err, fault.ErrNotFound) {
		b.errorf("get after delete: got error %v, want fault.ErrNotFound", err)
	}
}
