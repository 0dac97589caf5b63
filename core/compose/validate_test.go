package compose_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"image"
	"image/png"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/compose"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/testkit/enginetest"
)

func refusing(account string) func(context.Context, social.Target, social.Item, social.Cursor) (social.Outcome, error) {
	return func(_ context.Context, t social.Target, _ social.Item, _ social.Cursor) (social.Outcome, error) {
		if t.Account == account {
			return social.Outcome{}, social.Errorf(social.CodeRejected, "No.")
		}
		return social.Published(social.Ref{ID: t.Key}), nil
	}
}

func picture(t *testing.T, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, w, h))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// problemsOf are "field rule" of what Create refuses in with, sorted. It checks
// that Validate says the same.
func problemsOf(t *testing.T, e *enginetest.Engine, in compose.Input) []string {
	t.Helper()
	said, err := e.Posts.Validate(t.Context(), e.Owner, in)
	if err != nil {
		t.Fatalf("validate: %v", err)
	}
	_, err = e.Posts.Create(t.Context(), e.Owner, in)
	var listed []fault.Problem
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind == fault.Invalid {
		listed = f.Problems
	} else if err != nil {
		t.Fatalf("create: %v", err)
	}
	if !slices.Equal(said, listed) {
		t.Errorf("Validate says %v, Create says %v", said, listed)
	}
	var out []string
	for _, p := range said {
		if p.Message == "" || !strings.HasSuffix(p.Message, ".") {
			t.Errorf("%s %s: the message %q is no sentence", p.Field, p.Rule, p.Message)
		}
		out = append(out, p.Field+" "+p.Rule)
	}
	slices.Sort(out)
	return out
}

type settings struct {
	Mode string `json:"mode" enum:"a,b"`
}

func TestEveryRuleOfAPlatform(t *testing.T) {
	t.Parallel()
	small := func(l *social.Limits) { l.Media.Types[0].MaxBytes = 10 }
	cases := map[string]struct {
		limit func(*social.Limits)
		items func(img, mov, pdf domain.MediaID) []domain.Item
		want  []string
	}{
		"fits":               {nil, oneText("x"), nil},
		"as long as allowed": {nil, oneText(strings.Repeat("é", 300)), nil},
		"too long":           {nil, oneText(strings.Repeat("é", 301)), []string{"items[0].text too_long"}},
		"too many bytes":     {func(l *social.Limits) { l.Text.MaxBytes = 5 }, oneText("ééé"), []string{"items[0].text too_long"}},
		"text required":      {func(l *social.Limits) { l.Text.Required = true }, files(1, 0, 0), []string{"items[0].text required"}},
		"media required":     {func(l *social.Limits) { l.Media.Required = true }, oneText("x"), []string{"items[0].media required"}},
		"media of a thread": {func(l *social.Limits) { l.Media.Required, l.Replies = true, 2 }, func(img, _, _ domain.MediaID) []domain.Item {
			return []domain.Item{{Media: []domain.Attachment{{Media: img}}}, {Text: "y"}}
		}, nil},
		"media enough":  {func(l *social.Limits) { l.Media.Required = true }, files(1, 0, 0), nil},
		"four images":   {nil, files(4, 0, 0), nil},
		"five images":   {nil, files(5, 0, 0), []string{"items[0].media too_many"}},
		"two videos":    {nil, files(0, 2, 0), []string{"items[0].media too_many"}},
		"mixed":         {nil, files(1, 1, 0), []string{"items[0].media mixed"}},
		"mixed allowed": {func(l *social.Limits) { l.Media.Mixed = true }, files(1, 1, 0), nil},
		"over all kinds": {
			func(l *social.Limits) { l.Media.Mixed, l.Media.Max = true, 2 }, files(2, 1, 0), []string{"items[0].media too_many"},
		},
		"type":            {nil, files(0, 0, 1), []string{"items[0].media too_many", "items[0].media[0] type"}},
		"too large":       {small, files(1, 0, 0), []string{"items[0].media[0] too_large"}},
		"too many pixels": {func(l *social.Limits) { l.Media.Types[0].MaxPixels = 5 }, files(1, 0, 0), []string{"items[0].media[0] too_many_pixels"}},
		"pixels enough":   {func(l *social.Limits) { l.Media.Types[0].MaxPixels = 6 }, files(1, 0, 0), nil},
		"description": {nil, func(img, _, _ domain.MediaID) []domain.Item {
			return []domain.Item{{Text: "x", Media: []domain.Attachment{{Media: img, Alt: strings.Repeat("x", 101)}}}}
		}, []string{"items[0].media[0].alt too_long"}},
		"thread":          {func(l *social.Limits) { l.Replies = 2 }, thread(3), nil},
		"thread too long": {func(l *social.Limits) { l.Replies = 2 }, thread(4), []string{"items too_many"}},
		"no threads":      {func(l *social.Limits) { l.Replies = 0 }, thread(2), []string{"items no_threads"}},
		"of the reply": {nil, func(_, _, _ domain.MediaID) []domain.Item {
			return []domain.Item{{Text: "x"}, {Text: strings.Repeat("x", 301)}}
		}, []string{"items[1].text too_long"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := enginetest.New(t)
			if tc.limit != nil {
				tc.limit(&e.Platform.Facts.Limits)
				e.Platform.OnLimits = func(social.Traits) social.Limits { return e.Platform.Facts.Limits }
			}
			img := upload(t, e, e.Owner, picture(t, 2, 3))
			mov := upload(t, e, e.Owner, []byte("\x00\x00\x00\x10ftypisom\x00\x00\x00\x00"))
			pdf := upload(t, e, e.Owner, []byte("%PDF-1.7\n"))
			in := compose.Input{
				Items: tc.items(img.ID, mov.ID, pdf.ID), When: compose.Now,
				Targets: []domain.Target{{Channel: e.Connect(e.Owner, "a").ID}},
			}
			if got := problemsOf(t, e, in); !slices.Equal(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func oneText(s string) func(img, mov, pdf domain.MediaID) []domain.Item {
	return func(_, _, _ domain.MediaID) []domain.Item { return []domain.Item{{Text: s}} }
}

func thread(n int) func(img, mov, pdf domain.MediaID) []domain.Item {
	return func(_, _, _ domain.MediaID) []domain.Item { return slices.Repeat([]domain.Item{{Text: "x"}}, n) }
}

// files is an item of nothing but files.
func files(images, videos, documents int) func(img, mov, pdf domain.MediaID) []domain.Item {
	return func(img, mov, pdf domain.MediaID) []domain.Item {
		var it domain.Item
		it.Media = append(it.Media, slices.Repeat([]domain.Attachment{{Media: img}}, images)...)
		it.Media = append(it.Media, slices.Repeat([]domain.Attachment{{Media: mov}}, videos)...)
		it.Media = append(it.Media, slices.Repeat([]domain.Attachment{{Media: pdf}}, documents)...)
		return []domain.Item{it}
	}
}

func TestEveryRuleOfAPost(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 100_001)
	cases := map[string]struct {
		in   func(ch, foreign domain.ChannelID, foreignFile domain.MediaID) compose.Input
		want []string
	}{
		"nothing": {func(_, _ domain.ChannelID, _ domain.MediaID) compose.Input {
			return compose.Input{When: compose.Now}
		}, []string{"channels required", "items required"}},
		"empty item": {forChannel(domain.Item{Text: " \n"}), []string{"items[0] empty"}},
		"empty reply of a draft": {func(_, _ domain.ChannelID, _ domain.MediaID) compose.Input {
			return compose.Input{Items: []domain.Item{{Text: "x"}, {}}}
		}, []string{"items[1] empty"}},
		"long draft": {func(_, _ domain.ChannelID, _ domain.MediaID) compose.Input {
			return compose.Input{Items: []domain.Item{{Text: long}}}
		}, []string{"items[0].text too_long"}},
		"not text":            {forChannel(domain.Item{Text: "a\x00b"}), []string{"items[0].text characters"}},
		"not UTF-8":           {forChannel(domain.Item{Text: "a\xffb"}), []string{"items[0].text characters"}},
		"delay of the first":  {forChannel(domain.Item{Text: "x", Delay: time.Second}), []string{"items[0].delay not_allowed"}},
		"negative delay":      {forChannel(domain.Item{Text: "x"}, domain.Item{Text: "y", Delay: -1}), []string{"items[1].delay range"}},
		"delay for ever":      {forChannel(domain.Item{Text: "x"}, domain.Item{Text: "y", Delay: 31 * 24 * time.Hour}), []string{"items[1].delay range"}},
		"unknown file":        {forChannel(domain.Item{Text: "x", Media: []domain.Attachment{{Media: "none"}}}), []string{"items[0].media[0] not_found"}},
		"description of file": {forChannel(domain.Item{Text: "x", Media: []domain.Attachment{{Media: "none", Alt: "\xff"}}}), []string{"items[0].media[0] not_found", "items[0].media[0].alt too_long"}},
		"file of another tenant": {func(ch, _ domain.ChannelID, f domain.MediaID) compose.Input {
			return compose.Input{When: compose.Now, Targets: []domain.Target{{Channel: ch}}, Items: []domain.Item{{Text: "x", Media: []domain.Attachment{{Media: f}}}}}
		}, []string{"items[0].media[0] not_found"}},
		"channel of another tenant": {func(_, foreign domain.ChannelID, _ domain.MediaID) compose.Input {
			return compose.Input{When: compose.Now, Targets: []domain.Target{{Channel: foreign}}, Items: []domain.Item{{Text: long}}}
		}, []string{"channels[0].id not_found", "items[0].text too_long"}},
		"channel twice": {func(ch, _ domain.ChannelID, _ domain.MediaID) compose.Input {
			return compose.Input{When: compose.Now, Targets: []domain.Target{{Channel: ch}, {Channel: ch}}, Items: []domain.Item{{Text: "x"}}}
		}, []string{"channels[1].id duplicate"}},
		"own items": {func(ch, _ domain.ChannelID, _ domain.MediaID) compose.Input {
			return compose.Input{When: compose.Now, Items: []domain.Item{{Text: "x"}}, Targets: []domain.Target{{
				Channel: ch, Items: []domain.Item{{Text: "x"}, {Text: strings.Repeat("x", 301), Media: []domain.Attachment{{Media: "none"}}}},
			}}}
		}, []string{"channels[0].items[1].media[0] not_found", "channels[0].items[1].text too_long"}},
		"settings": {func(ch, _ domain.ChannelID, _ domain.MediaID) compose.Input {
			return compose.Input{When: compose.Now, Items: []domain.Item{{Text: "x"}}, Targets: []domain.Target{{Channel: ch, Settings: []byte(`{"mode":"c","no":1}`)}}}
		}, []string{"channels[0].settings.mode enum", "channels[0].settings.no unknown"}},
		"settings too long": {func(ch, _ domain.ChannelID, _ domain.MediaID) compose.Input {
			raw := []byte(`{"mode":"a"}` + strings.Repeat(" ", 64<<10))
			return compose.Input{Items: []domain.Item{{Text: "x"}}, Targets: []domain.Target{{Channel: ch, Settings: raw}}}
		}, []string{"channels[0].settings too_long"}},
		"settings that are not JSON": {func(ch, _ domain.ChannelID, _ domain.MediaID) compose.Input {
			return compose.Input{When: compose.Now, Items: []domain.Item{{Text: "x"}}, Targets: []domain.Target{{Channel: ch, Settings: []byte(`{`)}}}
		}, []string{"channels[0].settings malformed"}},
		"settings of a draft that are not JSON": {func(ch, _ domain.ChannelID, _ domain.MediaID) compose.Input {
			return compose.Input{Items: []domain.Item{{Text: "x"}}, Targets: []domain.Target{{Channel: ch, Settings: []byte(`{`)}}}
		}, []string{"channels[0].settings malformed"}},
		"settings of nothing but space": {func(ch, _ domain.ChannelID, _ domain.MediaID) compose.Input {
			return compose.Input{When: compose.Now, Items: []domain.Item{{Text: "x"}}, Targets: []domain.Target{{Channel: ch, Settings: []byte(" ")}}}
		}, []string{"channels[0].settings malformed"}},
		"tags": {func(ch, _ domain.ChannelID, _ domain.MediaID) compose.Input {
			in := forChannel(domain.Item{Text: "x"})(ch, "", "")
			in.Tags = []string{"ok", "", strings.Repeat("x", 101), "a\x00"}
			return in
		}, []string{"tags[1] length", "tags[2] length", "tags[3] length"}},
		"too many tags": {func(ch, _ domain.ChannelID, _ domain.MediaID) compose.Input {
			in := forChannel(domain.Item{Text: "x"})(ch, "", "")
			in.Tags = slices.Repeat([]string{"t"}, 51)
			return in
		}, []string{"tags too_many"}},
		"too many items": {func(_, _ domain.ChannelID, _ domain.MediaID) compose.Input {
			return compose.Input{Items: slices.Repeat([]domain.Item{{Text: "x"}}, 101)}
		}, []string{"items too_many"}},
		"too many files": {func(_, _ domain.ChannelID, _ domain.MediaID) compose.Input {
			return compose.Input{Items: []domain.Item{{Media: slices.Repeat([]domain.Attachment{{Media: "x"}}, 51)}}}
		}, []string{"items[0].media too_many"}},
		"too many channels": {func(ch, _ domain.ChannelID, _ domain.MediaID) compose.Input {
			return compose.Input{Items: []domain.Item{{Text: "x"}}, Targets: slices.Repeat([]domain.Target{{Channel: ch}}, 101)}
		}, []string{"channels too_many"}},
		"all at once": {func(ch, _ domain.ChannelID, _ domain.MediaID) compose.Input {
			in := forChannel(domain.Item{Text: strings.Repeat("x", 301), Delay: 1}, domain.Item{})(ch, "", "")
			in.Targets = append(in.Targets, domain.Target{Channel: "none"})
			in.When, in.Time, in.Tags = compose.At, "soon", []string{""}
			return in
		}, []string{
			"channels[1].id not_found", "items[0].delay not_allowed", "items[0].text too_long", "items[1] empty",
			"scheduledAt format", "tags[0] length",
		}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := enginetest.NewPlatform("test")
			p.Facts.Settings = social.SchemaOf[settings]()
			e := enginetest.New(t, func(c *core.Config) { c.Providers = []social.Provider{p} })
			_, stranger := e.NewOrganization("")
			foreign := e.Connect(stranger, "f")
			file := upload(t, e, stranger, picture(t, 1, 1))
			ch := e.Connect(e.Owner, "a")
			if got := problemsOf(t, e, tc.in(ch.ID, foreign.ID, file.ID)); !slices.Equal(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func forChannel(items ...domain.Item) func(ch, foreign domain.ChannelID, file domain.MediaID) compose.Input {
	return func(ch, _ domain.ChannelID, _ domain.MediaID) compose.Input {
		return compose.Input{When: compose.Now, Targets: []domain.Target{{Channel: ch}}, Items: items}
	}
}

func TestChannelsThatCannotPublish(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	parked, gone := e.Connect(e.Owner, "parked"), e.Connect(e.Owner, "gone")
	_, err := e.Store.Channels().Update(t.Context(), e.Org.ID, parked.ID, func(c *domain.Channel) error {
		c.NeedReconnect("why", enginetest.Start)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Channels.Disconnect(t.Context(), e.Owner, gone.ID); err != nil {
		t.Fatal(err)
	}
	stored := domain.Channel{
		ID: "other", Organization: e.Org.ID, Provider: "unheard-of", Account: "x", Name: "X", State: domain.ChannelActive, CreatedAt: enginetest.Start, Version: 1,
	}
	if err := e.Store.Channels().Insert(t.Context(), e.Org.ID, stored); err != nil {
		t.Fatal(err)
	}
	want := []string{"channels[0].id reconnect_needed", "channels[1].id not_found", "channels[2].id provider_missing"}
	if got := problemsOf(t, e, text("x", compose.Now, parked, gone, stored)); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLimitsMayDifferFromAccountToAccount(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	e.Platform.OnConnect = func(_ context.Context, v social.Values) (social.Connection, error) {
		c := enginetest.ConnectionOf(v["account"])
		c.Traits = social.Traits{"account": v["account"]}
		return c, nil
	}
	e.Platform.OnLimits = func(tr social.Traits) social.Limits {
		l := e.Platform.Facts.Limits
		if tr["account"] == "paid" {
			l.Text.Max = 1000
		}
		return l
	}
	in := text(strings.Repeat("x", 500), compose.Now, e.Connect(e.Owner, "paid"))
	if got := problemsOf(t, e, in); len(got) != 0 {
		t.Errorf("paid: got %q, want none", got)
	}
	in = text(strings.Repeat("x", 500), compose.Now, e.Connect(e.Owner, "free"))
	if got := problemsOf(t, e, in); !slices.Equal(got, []string{"items[0].text too_long"}) {
		t.Errorf("free: got %q, want too long", got)
	}
}

func TestEachProblemIsSaidOnce(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	in := text(strings.Repeat("x", 500), compose.Now, e.Connect(e.Owner, "a"), e.Connect(e.Owner, "b"))
	if got := problemsOf(t, e, in); !slices.Equal(got, []string{"items[0].text too_long"}) {
		t.Errorf("two channels of one platform: got %q, want one problem", got)
	}
}

func TestWhatTheProviderFindsGetsThePathOfThePost(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	e.Platform.OnValidate = func(it social.Item, _ social.Traits) []social.Problem {
		if len(it.Media) != 0 && it.Media[0].Source != nil {
			t.Error("a provider got bytes to validate")
		}
		if it.Parent == nil {
			return []social.Problem{{Field: "settings.mode", Rule: "own", Message: "A."}, {Field: "", Rule: "own", Message: "B."}}
		}
		return []social.Problem{{Field: "settings.mode", Rule: "own", Message: "A."}, {Field: "media[0]", Rule: "own", Message: "C."}}
	}
	img := upload(t, e, e.Owner, picture(t, 1, 1))
	in := text("x", compose.Now, e.Connect(e.Owner, "a"))
	in.Items = append(in.Items, domain.Item{Media: []domain.Attachment{{Media: img.ID}}})
	want := []string{"channels[0].settings.mode own", "items[0] own", "items[1].media[0] own"}
	if got := problemsOf(t, e, in); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTimes(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		zone, time string
		want       string // RFC 3339, or a problem
		wall       string
	}{
		"offset":                 {"", "2026-07-01T09:00:00+05:30", "2026-07-01T03:30:00Z", "2026-07-01T05:30:00"},
		"zone of the tenant":     {"", "2026-07-01T09:00:00", "2026-07-01T07:00:00Z", "2026-07-01T09:00:00"},
		"zone of the post":       {"America/New_York", "2026-07-01T09:00:00", "2026-07-01T13:00:00Z", "2026-07-01T09:00:00"},
		"skipped hour":           {"", "2026-03-29T02:30:00", "2026-03-29T01:30:00Z", "2026-03-29T03:30:00"},
		"doubled hour":           {"", "2026-10-25T02:30:00", "2026-10-25T00:30:00Z", "2026-10-25T02:30:00"},
		"just passed":            {"", "2026-03-01T11:59:10Z", "2026-03-01T11:59:10Z", "2026-03-01T12:59:10"},
		"past":                   {"", "2026-03-01T11:58:00Z", "scheduledAt in_the_past", ""},
		"local past":             {"", "2026-03-01T12:58:00", "scheduledAt in_the_past", ""},
		"missing":                {"", "", "scheduledAt required", ""},
		"no time":                {"", "tomorrow", "scheduledAt format", ""},
		"year out of range":      {"", "2201-01-01T00:00:00Z", "scheduledAt range", ""},
		"no zone":                {"Mars/Base", "2026-07-01T09:00:00", "timezone zone", ""},
		"the machine's own zone": {"Local", "2026-07-01T09:00:00", "timezone zone", ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := enginetest.New(t)
			_, a := e.NewOrganization("Europe/Berlin")
			e.Owner = a
			in := at("x", tc.time, e.Connect(a, "a"))
			in.Zone = tc.zone
			if !strings.HasPrefix(tc.want, "20") {
				if got := problemsOf(t, e, in); !slices.Equal(got, []string{tc.want}) {
					t.Errorf("got %q, want %q", got, tc.want)
				}
				return
			}
			v := create(t, e, in)
			zone := tc.zone
			if zone == "" {
				zone = "Europe/Berlin"
			}
			if got := v.Post.DueAt.Format(time.RFC3339); got != tc.want || v.Post.Wall != tc.wall || v.Post.Zone != zone {
				t.Errorf("got %s, wall %s in %s; want %s, wall %s in %s", got, v.Post.Wall, v.Post.Zone, tc.want, tc.wall, zone)
			}
		})
	}
}

func TestAForeignFileSaysNothingOfKinds(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	img := upload(t, e, e.Owner, picture(t, 1, 1))
	in := text("x", compose.Now, e.Connect(e.Owner, "a"))
	in.Items[0].Media = []domain.Attachment{{Media: img.ID}, {Media: "none"}}
	if got := problemsOf(t, e, in); !slices.Equal(got, []string{"items[0].media[1] not_found"}) {
		t.Errorf("got %q, want only that the file is not there", got)
	}
}

func TestManyChannelsMayShareFiles(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	img := upload(t, e, e.Owner, picture(t, 1, 1))
	in := compose.Input{Items: []domain.Item{{Text: "x"}}}
	for i := range 60 {
		ch := e.Connect(e.Owner, "a"+base64.StdEncoding.EncodeToString([]byte{byte(i)}))
		own := slices.Repeat([]domain.Item{{Media: slices.Repeat([]domain.Attachment{{Media: img.ID}}, 10)}}, 10)
		in.Targets = append(in.Targets, domain.Target{Channel: ch.ID, Items: own})
	}
	if got := problemsOf(t, e, in); len(got) != 0 {
		t.Errorf("got %d problems such as %q; want none: there is one file", len(got), got[0])
	}
}
