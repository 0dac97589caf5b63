package memblob_test

import (
	"testing"
	"time"

	"github.com/crierhq/crier/adapters/memblob"
	"github.com/crierhq/crier/ports/blob"
	"github.com/crierhq/crier/testkit/blobtest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	blobtest.Run(t, blobtest.Harness{New: func() (blob.Bucket, error) {
		return memblob.New(func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) })
	}})
}

func TestNewNeedsAClock(t *testing.T) {
	t.Parallel()
	if b, err := memblob.New(nil); err == nil || b != nil {
		t.Errorf("New(nil): got %v, %v, want an error", b, err)
	}
}
