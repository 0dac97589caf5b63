package mailtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/crierhq/crier/ports/mail"
)

// Example is a mail with everything in it.
func Example(id string) mail.Message {
	return mail.Message{
		ID:      id,
		From:    mail.Address{Name: "Crier “Ü” 📣", Email: "crier@example.org"},
		To:      mail.Address{Name: "Doe, Ann <ann>", Email: "ann." + id + "@example.net"},
		ReplyTo: mail.Address{Name: "Hilfe für alle", Email: "help@example.org"},
		Subject: "Grüße, 世界: what comes of a subject that is so long that a line of a header cannot hold all of it, by far",
		Text:    "Hello Ann,\n\nÜber alles: 📣 = 100%.\n",
		HTML:    "<p>Hello <b>Ann</b>,</p>\n<p>Über alles: 📣 = 100%.</p>\n",
		Headers: map[string]string{"List-Unsubscribe": "<https://example.org/off?a=b>", "X-Crier-Letter": "example"},
	}
}

// send sends m and returns how it arrived.
func (p *probe) send(s mail.Sender, in Inbox, m mail.Message) (Arrived, bool) {
	if err := s.Send(p.ctx, m); err != nil {
		p.add("Send: got error %v, want none", err)
		return Arrived{}, false
	}
	got := p.arrived(in, m)
	if len(got) != 1 {
		p.add("%d mails arrived, want 1", len(got))
		return Arrived{}, false
	}
	return got[0], true
}

// arrived lists what arrived for the receiver of m.
func (p *probe) arrived(in Inbox, m mail.Message) []Arrived {
	all, err := in(p.ctx)
	if err != nil {
		p.add("the inbox cannot be read: %v", err)
	}
	return slices.DeleteFunc(all, func(a Arrived) bool { return a.To.Email != m.To.Email })
}

// same compares what arrived with what was sent.
func (p *probe) same(got Arrived, want mail.Message) {
	if want.ReplyTo.Email == "" {
		got.ReplyTo = mail.Address{} // some say whom to answer where it goes without saying
	}
	for what, pair := range map[string][2]any{
		"from":       {got.From, want.From},
		"to":         {got.To, want.To},
		"reply-to":   {got.ReplyTo, want.ReplyTo},
		"subject":    {got.Subject, want.Subject},
		"text":       {lines(got.Text), lines(want.Text)},
		"html":       {lines(got.HTML), lines(want.HTML)},
		"message id": {got.MessageID, want.MessageID()},
	} {
		if pair[0] != pair[1] {
			p.add("%s: got %q, want %q", what, pair[0], pair[1])
		}
	}
	for name, value := range want.Headers {
		if got.Headers[name] != value {
			p.add("header %s: got %q, want %q", name, got.Headers[name], value)
		}
	}
}

// lines is s with \n between lines and none at its end, which a mail may have
// or not.
func lines(s string) string {
	return strings.TrimRight(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
}

func delivers(p *probe, h Harness) {
	s, in := h.Open(p)
	m := Example("delivers")
	if got, ok := p.send(s, in, m); ok {
		p.same(got, m)
	}
}

func plainText(p *probe, h Harness) {
	s, in := h.Open(p)
	m := Example("plain")
	m.HTML, m.ReplyTo, m.Headers, m.To.Name = "", mail.Address{}, nil, ""
	if got, ok := p.send(s, in, m); ok {
		p.same(got, m)
	}
}

// awkwardText has what careless transports break.
func awkwardText(p *probe, h Harness) {
	s, in := h.Open(p)
	m := Example("awkward")
	m.Text = ".\n..\n.hidden\nFrom here\n=3D =\n" + strings.Repeat("long ", 400) + "\n  spaces  \n\ttab\n\nend"
	m.HTML = "<pre>\n.\n..\n</pre><p>" + strings.Repeat("überlang", 300) + "</p>"
	if got, ok := p.send(s, in, m); ok {
		p.same(got, m)
	}
}

// sameID sends a mail twice: it may arrive twice, but as the same mail.
func sameID(p *probe, h Harness) {
	s, in := h.Open(p)
	m := Example("same")
	for range 2 {
		if err := s.Send(p.ctx, m); err != nil {
			p.add("Send: got error %v, want none", err)
		}
	}
	got := p.arrived(in, m)
	if len(got) == 0 {
		p.add("nothing arrived")
	}
	for _, a := range got {
		p.same(a, m)
	}
}

func badMessages(p *probe, h Harness) {
	s, in := h.Open(p)
	for name, spoil := range map[string]func(*mail.Message){
		"without an id":             func(m *mail.Message) { m.ID = "" },
		"without a receiver":        func(m *mail.Message) { m.To = mail.Address{} },
		"without a text":            func(m *mail.Message) { m.Text = "" },
		"that is too large":         func(m *mail.Message) { m.Text = strings.Repeat("x", mail.MaxBytes+1) },
		"with a line in the name":   func(m *mail.Message) { m.To.Name = "Ann\r\nBcc: eve@example.net" },
		"with a line in subject":    func(m *mail.Message) { m.Subject = "Hi\r\nBcc: eve@example.net" },
		"with a line in a header":   func(m *mail.Message) { m.Headers = map[string]string{"X-A": "b\r\nBcc: eve@example.net"} },
		"with a header of its own":  func(m *mail.Message) { m.Headers = map[string]string{"Bcc": "eve@example.net"} },
		"with two receivers in one": func(m *mail.Message) { m.To.Email = "ann.bad@example.net,eve@example.net" },
	} {
		m := Example("bad")
		spoil(&m)
		if err := s.Send(p.ctx, m); !mail.IsPermanent(err) {
			p.add("a mail %s: got error %v, want a permanent one", name, err)
		}
	}
	if n := len(p.arrived(in, Example("bad"))); n > 0 {
		p.add("%d mails arrived that must be refused", n)
	}
}

func parallel(p *probe, h Harness) {
	const n = 8
	s, in := h.Open(p)
	errs := make(chan error, n)
	for i := range n {
		go func() { errs <- s.Send(p.ctx, Example(fmt.Sprintf("parallel%d", i))) }()
	}
	for range n {
		if err := <-errs; err != nil {
			p.add("parallel Send: got error %v, want none", err)
		}
	}
	for i := range n {
		m := Example(fmt.Sprintf("parallel%d", i))
		if got := p.arrived(in, m); len(got) != 1 {
			p.add("%d mails of one of the parallel calls arrived, want 1", len(got))
		} else {
			p.same(got[0], m)
		}
	}
}

func canceled(p *probe, h Harness) {
	s, in := h.Open(p)
	ctx, cancel := context.WithCancel(p.ctx)
	cancel()
	m := Example("canceled")
	if err := s.Send(ctx, m); err == nil || mail.IsPermanent(err) {
		p.add("Send with a context that ended: got error %v, want one that is not permanent", err)
	} else if !errors.Is(err, context.Canceled) {
		p.add("Send with a context that ended: got error %v, want one that wraps it", err)
	}
	if n := len(p.arrived(in, m)); n > 0 {
		p.add("%d mails arrived of a call whose context had ended, want none", n)
	}
}

func refused(p *probe, h Harness) {
	if err := h.Refusing(p).Send(p.ctx, Example("refused")); !mail.IsPermanent(err) {
		p.add("a refusal for good: got error %v, want a permanent one", err)
	}
}

func busy(p *probe, h Harness) {
	if err := h.Busy(p).Send(p.ctx, Example("busy")); err == nil || mail.IsPermanent(err) {
		p.add("a refusal for now: got error %v, want one that is not permanent", err)
	}
}

func away(p *probe, h Harness) {
	if err := h.Away(p).Send(p.ctx, Example("away")); err == nil || mail.IsPermanent(err) {
		p.add("nobody there: got error %v, want one that is not permanent", err)
	}
}
