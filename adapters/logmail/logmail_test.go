package logmail_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"testing"

	"github.com/crierhq/crier/adapters/logmail"
	"github.com/crierhq/crier/ports/mail"
	"github.com/crierhq/crier/testkit/mailtest"
)

func TestMailsAreWrittenToTheLog(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s, err := logmail.New(logmail.Config{Log: slog.New(slog.NewJSONHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	m := mailtest.Example("logged")
	m.Text = "Open this link:\n\nhttps://crier.example/verify-email?token=abc\n"
	if err := s.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	var got struct{ Level, ID, To, Subject, Text string }
	if err := json.Unmarshal(log.Bytes(), &got); err != nil {
		t.Fatalf("the log holds %q: %v", log.String(), err)
	}
	if got.Level != "WARN" || got.ID != m.ID || got.To != m.To.Email || got.Subject != m.Subject || got.Text != m.Text {
		t.Errorf("got the line %s, want the mail in it", log.String())
	}
}

func TestNothingIsWrittenOfWhatIsRefused(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s, err := logmail.New(logmail.Config{Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(t.Context(), mail.Message{}); !mail.IsPermanent(err) {
		t.Errorf("a mail with nothing in it: got error %v, want a permanent one", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Send(ctx, mailtest.Example("late")); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that ended: got error %v, want that it ended", err)
	}
	if log.Len() > 0 {
		t.Errorf("got the log %s, want none", log.String())
	}
}

func TestNewNeedsALog(t *testing.T) {
	t.Parallel()
	if _, err := logmail.New(logmail.Config{}); err == nil {
		t.Error("got no error, want one")
	}
}
