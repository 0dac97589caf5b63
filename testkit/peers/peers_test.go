package peers_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/crierhq/crier/testkit/peers"
)

func TestFreePortsAreDifferent(t *testing.T) {
	t.Parallel()
	ports, err := peers.FreePorts(t.Context(), 5)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(ports)
	if len(slices.Compact(ports)) != 5 || ports[0] == 0 {
		t.Errorf("got %v, want five different ports", ports)
	}
}

func TestTailKeepsTheEnd(t *testing.T) {
	t.Parallel()
	var out peers.Tail
	for range 3 {
		if _, err := out.Write([]byte(strings.Repeat("x", peers.TailBytes/2))); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := out.Write([]byte("end")); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); len(got) != peers.TailBytes || !strings.HasSuffix(got, "end") {
		t.Errorf("got %d bytes that end in %q, want %d that end in end", len(got), got[len(got)-3:], peers.TailBytes)
	}
}
