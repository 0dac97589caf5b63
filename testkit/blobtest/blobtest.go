// Package blobtest is the conformance kit of ports/blob.
//
//	func TestConformance(t *testing.T) {
//		blobtest.Run(t, blobtest.Harness{New: func() (blob.Bucket, error) {
//			return diskblob.New(diskblob.Config{Dir: t.TempDir()})
//		}})
//	}
//
// The checks return Findings instead of failing a test, so that the kit itself
// is tested with buckets that are wrong on purpose.
package blobtest

import (
	"context"
	"fmt"
	"testing"

	"github.com/crierhq/crier/ports/blob"
)

// Harness is what the kit needs to exercise one implementation.
type Harness struct {
	// New returns an empty bucket that nothing else uses. It is called once for
	// each check, from several goroutines.
	New func() (blob.Bucket, error)
}

// Finding is one way in which an implementation breaks the contract.
type Finding struct {
	Check  string
	Detail string
}

// String renders a Finding for a test log.
func (f Finding) String() string { return f.Check + ": " + f.Detail }

type check struct {
	name string
	run  func(context.Context, *probe)
}

func checks() []check {
	return []check{
		{"round_trip", roundTrip},
		{"replace", replace},
		{"missing", missing},
		{"failed_reader", failedReader},
		{"ended_context", endedContext},
		{"unseen_until_done", unseenUntilDone},
		{"open_stays", openStays},
		{"parallel_puts", parallelPuts},
		{"seek", seek},
		{"bad_keys", badKeys},
		{"good_keys", goodKeys},
		{"flat_space", flatSpace},
		{"list", list},
		{"list_pages", listPages},
		{"list_prefix", listPrefix},
		{"caller_owns_buffer", callerOwnsBuffer},
	}
}

// Run runs every check as a subtest.
func Run(t *testing.T, h Harness) {
	t.Helper()
	for _, c := range checks() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, f := range runOne(t.Context(), c, h) {
				t.Error(f)
			}
		})
	}
}

// Findings runs every check and returns what is wrong.
func Findings(ctx context.Context, h Harness) []Finding {
	var out []Finding
	for _, c := range checks() {
		out = append(out, runOne(ctx, c, h)...)
	}
	return out
}

func runOne(ctx context.Context, c check, h Harness) []Finding {
	b, err := h.New()
	if err != nil {
		return []Finding{{Check: c.name, Detail: fmt.Sprintf("New: %v", err)}}
	}
	p := &probe{check: c.name, bucket: b}
	c.run(ctx, p)
	return p.findings
}
