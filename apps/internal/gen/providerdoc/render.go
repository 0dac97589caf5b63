package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/crierhq/crier/ports/social"
)

const head = `<!-- Written by apps/internal/gen/providerdoc; run: make gen. -->

# Providers

What Crier can do on every platform. The list is made from the providers
themselves, so it cannot disagree with the code. CONTRIBUTING.md says how to
write one more.

`

func render(pages []page) []byte {
	var b bytes.Buffer
	b.WriteString(head)
	overview(&b, pages)
	for _, p := range pages {
		p.write(&b)
	}
	return b.Bytes()
}

// columns are the capabilities of the overview, in its order.
func columns() []struct{ capability, title string } {
	return []struct{ capability, title string }{
		{"connect_redirect", "Connect by redirect"},
		{"connect_form", "Connect by form"},
		{"refresh", "Refresh"},
		{"revoke", "Revoke"},
		{"prepare", "Prepare"},
		{"find", "Find"},
		{"confirm", "Confirm"},
		{"edit", "Edit"},
		{"delete", "Delete"},
		{"repost", "Repost"},
		{"metrics", "Metrics"},
		{"account_metrics", "Account metrics"},
		{"resolve", "Resolve"},
		{"choose", "Choose"},
		{"options", "Options"},
		{"mentions", "Mentions"},
		{"limits_by_account", "Limits by account"},
		{"site", "Own pages"},
	}
}

func overview(b *bytes.Buffer, pages []page) {
	b.WriteString("| Platform | Text | Media | Thread |")
	for _, c := range columns() {
		b.WriteString(" " + c.title + " |")
	}
	b.WriteString("\n|---|---|---|---|" + strings.Repeat("---|", len(columns())) + "\n")
	for _, p := range pages {
		d := p.descriptor
		fmt.Fprintf(b, "| [%s](#%s) | %d %s | %s | %s |", d.Name, anchor(d.Name), d.Limits.Text.Max, d.Limits.Text.Count,
			media(d.Limits.Media), thread(d.Limits.Replies))
		for _, c := range columns() {
			b.WriteString(" " + mark(slices.Contains(p.capabilities, c.capability)) + " |")
		}
		b.WriteString("\n")
	}
	b.WriteString(`
*Refresh* renews a token before it ends. *Revoke* gives it back when a channel
is disconnected. *Prepare* does all that nobody can see before the post is due.
*Find* looks for a post whose answer was lost, so that it is never sent twice.
*Confirm* reads a post back. *Repost* shows a post to the followers of another
account, *Metrics* counts likes and the like, *Account metrics* what is told of
the account as a whole, and *Resolve* finds a post where another account sees
it, to answer it from there. *Choose* asks which of several pages to connect,
*Options* looks up what a setting may be, and *Mentions* whom to mention.
`)
}

func (p page) write(b *bytes.Buffer) {
	d := p.descriptor
	fmt.Fprintf(b, "\n## %s\n\n", d.Name)
	fmt.Fprintf(b, "Provider `%s`, written for [the platform's API](%s).", d.ID, d.DocsURL)
	if p.folder != "" {
		fmt.Fprintf(b, " What an operator must know is in [its own README](../../providers/%s/README.md).", p.folder)
	}
	b.WriteString("\n\n")
	for _, line := range facts(d) {
		b.WriteString("- " + line + "\n")
	}
	p.writeTypes(b)
	p.writeSettings(b)
	p.writeOperator(b)
}

func facts(d social.Descriptor) []string {
	t := d.Limits.Text
	text := fmt.Sprintf("Text: %s, at most %d %s", d.Markup, t.Max, t.Count)
	if t.MaxBytes > 0 {
		text += fmt.Sprintf(" and %d bytes", t.MaxBytes)
	}
	if t.URLLength > 0 {
		text += fmt.Sprintf("; every link counts as %d", t.URLLength)
	}
	if t.Required {
		text += "; media need a text"
	}
	out := []string{text + ".", "Media: " + media(d.Limits.Media) + mediaRest(d.Limits.Media) + "."}
	out = append(out, "Thread: "+thread(d.Limits.Replies)+".")
	if len(d.Scopes) > 0 {
		out = append(out, "Asks for: "+code(d.Scopes)+".")
	}
	if d.MinGap > 0 {
		out = append(out, "Shortest time between two posts: "+span(d.MinGap)+".")
	}
	if len(d.AppLimits) > 0 {
		out = append(out, "Limits of an app, for all its accounts together: "+appLimits(d.AppLimits)+".")
	}
	return append(out, "Takes a repeated request as the same: "+dedupe(d.Dedupe)+".")
}

func appLimits(limits []social.RateLimit) string {
	var parts []string
	for _, l := range limits {
		if l.Calls > 0 {
			parts = append(parts, fmt.Sprintf("%d posts in %s", l.Calls, span(l.Per)))
			continue
		}
		parts = append(parts, "a number in "+span(l.Per)+" that is not published")
	}
	return strings.Join(parts, ", ")
}

func (p page) writeTypes(b *bytes.Buffer) {
	types := p.descriptor.Limits.Media.Types
	if len(types) == 0 {
		return
	}
	b.WriteString("\n| Type of file | Size | Pixels |\n|---|---|---|\n")
	for _, t := range types {
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", t.MIME, bounded(t.MaxBytes, size), bounded(t.MaxPixels, number))
	}
}

func (p page) writeSettings(b *bytes.Buffer) {
	fields := p.descriptor.Settings.Fields()
	if len(fields) == 0 {
		b.WriteString("\nA post has no settings of its own.\n")
		return
	}
	b.WriteString("\nSettings of a post:\n\n| Name | Type | Default | Meaning |\n|---|---|---|---|\n")
	writeFields(b, "", fields)
}

func writeFields(b *bytes.Buffer, prefix string, fields []social.Field) {
	for _, f := range fields {
		kind := f.Type
		if len(f.Enum) > 0 {
			kind = code(f.Enum)
		}
		if f.Required {
			kind += ", required"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", prefix+f.Name, kind, quoted(f.Default), cell(f.Doc))
		writeFields(b, prefix+f.Name+".", f.Fields)
		if f.Items != nil {
			writeFields(b, prefix+f.Name+"[].", f.Items.Fields)
		}
	}
}

func (p page) writeOperator(b *bytes.Buffer) {
	if len(p.operator) == 0 {
		b.WriteString("\nAn operator has nothing to set.\n")
		return
	}
	b.WriteString("\nSettings of the server:\n\n| Variable | Default | Meaning |\n|---|---|---|\n")
	for _, s := range p.operator {
		doc := cell(s.Doc)
		if s.Required {
			doc = "**Required.** " + doc
		}
		if s.Secret {
			doc += " Secret."
		}
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", s.Name, quoted(s.Default), doc)
	}
}

func media(m social.MediaLimit) string {
	var parts []string
	for _, e := range []struct {
		n    int
		name string
	}{{m.Images, "image"}, {m.Videos, "video"}, {m.Documents, "document"}} {
		switch {
		case e.n == 1:
			parts = append(parts, "1 "+e.name)
		case e.n > 1:
			parts = append(parts, fmt.Sprintf("%d %ss", e.n, e.name))
		}
	}
	if len(parts) == 0 {
		return "none"
	}
	if m.Mixed {
		return strings.Join(parts, ", ")
	}
	return strings.Join(parts, " or ")
}

func mediaRest(m social.MediaLimit) string {
	out := ""
	if m.Max > 0 {
		out += fmt.Sprintf(", %d together", m.Max)
	}
	if m.Required {
		out += ", at least one"
	}
	if m.Alt > 0 {
		out += fmt.Sprintf("; a description has at most %d characters", m.Alt)
	}
	return out
}

func thread(replies int) string {
	if replies == 0 {
		return "no"
	}
	return fmt.Sprintf("%d more", replies)
}

func dedupe(d time.Duration) string {
	switch d {
	case 0:
		return "no"
	case social.DedupeForever:
		return "for ever"
	default:
		return "for " + span(d)
	}
}

// span is a time without the zeros at its end.
func span(d time.Duration) string {
	text := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = text[:len(text)-2]
		}
	}
	return text
}

func bounded(n int64, show func(int64) string) string {
	if n == 0 {
		return "any"
	}
	return show(n)
}

func number(n int64) string { return fmt.Sprint(n) }

func size(n int64) string {
	for _, u := range []struct {
		name string
		n    int64
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}} {
		if n%u.n == 0 {
			return fmt.Sprintf("%d %s", n/u.n, u.name)
		}
	}
	return fmt.Sprintf("%d bytes", n)
}

func mark(has bool) string {
	if has {
		return "✓"
	}
	return "–"
}

func code(words []string) string { return "`" + strings.Join(words, "`, `") + "`" }

func quoted(s string) string {
	if s == "" {
		return "–"
	}
	return "`" + cell(s) + "`"
}

// cell keeps a text inside its cell of a table.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ").Replace(s)
}

// anchor is the name that a heading gets in a page.
func anchor(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}
