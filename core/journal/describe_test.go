package journal_test

import (
	"strings"
	"testing"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/journal"
)

func TestEveryStateHasASentence(t *testing.T) {
	t.Parallel()
	for _, s := range domain.DeliveryStates() {
		kind := domain.DeliveryEvent(s)
		if got := journal.Describe(domain.Event{Kind: kind, Data: []byte("{}")}); strings.HasPrefix(got, "delivery.") || !strings.HasSuffix(got, ".") {
			t.Errorf("%s: got %q, want a sentence", kind, got)
		}
	}
	for _, s := range []domain.DeliveryState{domain.DeliveryFailed, domain.DeliveryUnknown, domain.DeliveryMissed, domain.DeliveryBlocked} {
		if got := journal.Describe(domain.Event{Kind: domain.EventKind("post." + s)}); strings.HasPrefix(got, "post.") {
			t.Errorf("post.%s: got %q, want a sentence", s, got)
		}
	}
}

func TestDescribeSaysWhy(t *testing.T) {
	t.Parallel()
	ev := domain.Event{Kind: "delivery.failed", Data: []byte(`{"reason":{"code":"rejected","message":"The text is too long."}}`)}
	if got := journal.Describe(ev); !strings.HasSuffix(got, "The text is too long.") {
		t.Errorf("got %q, want the reason at its end", got)
	}
	for kind, data := range map[domain.EventKind]string{
		domain.EventRejected: `{"note":"Too loud."}`, domain.EventApprovalRequested: `{"note":"Too loud."}`,
		domain.EventChannelPaused: `{"reason":"","paused":{"reason":"Too loud."}}`, domain.EventOrganizationPaused: `{"paused":{"reason":"Too loud."}}`,
	} {
		if got := journal.Describe(domain.Event{Kind: kind, Data: []byte(data)}); !strings.HasSuffix(got, ". Too loud.") {
			t.Errorf("%s: got %q, want what the person said at its end", kind, got)
		}
	}
	for _, kind := range []domain.EventKind{
		domain.EventApproved, domain.EventApprovalWithdrawn, domain.EventChannelResumed, domain.EventOrganizationResumed,
	} {
		if got := journal.Describe(domain.Event{Kind: kind, Data: []byte("{}")}); got == string(kind)+"." || !strings.HasSuffix(got, ".") {
			t.Errorf("%s: got %q, want a sentence", kind, got)
		}
	}
	if got := journal.Describe(domain.Event{Kind: "something.new", Data: []byte("broken")}); got != "something.new." {
		t.Errorf("got %q, want the kind", got)
	}
}
