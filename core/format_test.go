package core_test

import (
	"context"
	"testing"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/testkit/enginetest"
)

// TestEveryPlatformGetsTheTextAsItReadsIt publishes one post on a platform of
// plain texts and on one that reads Markdown.
func TestEveryPlatformGetsTheTextAsItReadsIt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		format          domain.Format
		text            string
		plain, markdown string
	}{
		"native":   {domain.FormatNative, "**a** <b>", "**a** <b>", "**a** <b>"},
		"plain":    {domain.FormatPlain, "**a** <b>", "**a** <b>", `\*\*a\*\* \<b>`},
		"markdown": {domain.FormatMarkdown, "**a** [b](https://x.example)", "a b (https://x.example)", "**a** [b](https://x.example)"},
		"html":     {domain.FormatHTML, "<p><b>a</b> &amp; b</p><p>c</p>", "a & b\nc", "**a** & b\nc"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			marked := enginetest.NewPlatform("test.marked")
			marked.Facts.Markup = social.MarkupMarkdown
			e := enginetest.New(t, func(cfg *core.Config) { cfg.Providers = append(cfg.Providers, marked) })
			got := map[string][]string{}
			publish := func(at string) func(context.Context, social.Target, social.Item, social.Cursor) (social.Outcome, error) {
				return func(_ context.Context, to social.Target, it social.Item, _ social.Cursor) (social.Outcome, error) {
					got[at] = append(got[at], it.Text)
					return social.Published(social.Ref{ID: to.Key}), nil
				}
			}
			e.Platform.OnPublish, marked.OnPublish = publish("plain"), publish("marked")
			ann, err := e.Channels.ConnectForm(t.Context(), e.Owner, "test.marked", map[string]string{"account": "ann", "password": "x"})
			if err != nil {
				t.Fatal(err)
			}
			in := everywhere(c.text, e.Connect(e.Owner, "ann"), ann)
			in.Items[0].Format = c.format
			in.After = []domain.After{{Do: domain.ActionComment, Text: c.text, Format: c.format}}
			v, err := e.Posts.Create(t.Context(), e.Owner, in)
			if err != nil {
				t.Fatal(err)
			}
			drain(t, e)
			for at, want := range map[string]string{"plain": c.plain, "marked": c.markdown} {
				if len(got[at]) != 2 || got[at][0] != want || got[at][1] != want {
					t.Errorf("%s: got %q, want %q, and as the comment that follows", at, got[at], want)
				}
			}
			if v, err = e.Posts.Get(t.Context(), e.Owner, v.Post.ID); err != nil || v.Post.Items[0].Text != c.text || v.Post.Items[0].Format != c.format {
				t.Errorf("got %+v, %v; want the text as it was written", v.Post.Items, err)
			}
		})
	}
}

// TestTheLimitIsOfWhatIsPublished counts the text as the platform gets it.
func TestTheLimitIsOfWhatIsPublished(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t)
	e.Platform.Facts.Limits.Text.Max = 5
	in := everywhere("<p><strong>hello</strong></p>", e.Connect(e.Owner, "ann"))
	in.Items[0].Format = domain.FormatHTML
	if problems, err := e.Posts.Validate(t.Context(), e.Owner, in); err != nil || len(problems) > 0 {
		t.Errorf("got %v, %v; want five letters to fit", problems, err)
	}
	in.Items[0].Format = domain.FormatPlain
	if problems, err := e.Posts.Validate(t.Context(), e.Owner, in); err != nil || len(problems) != 1 || problems[0].Rule != "too_long" {
		t.Errorf("got %v, %v; want the tags to count", problems, err)
	}
	in.Items[0].Format = "rtf"
	if problems, err := e.Posts.Validate(t.Context(), e.Owner, in); err != nil || len(problems) == 0 || problems[0].Field != "items[0].format" {
		t.Errorf("got %v, %v; want the format named", problems, err)
	}
}

// TestAFormatIsContent has an approval notice that a text is read otherwise, and
// no other hash changed.
func TestAFormatIsContent(t *testing.T) {
	t.Parallel()
	p := domain.Post{Items: []domain.Item{{Text: "*a*"}}, After: []domain.After{{Do: domain.ActionComment, Text: "b"}}}
	seen := map[string]bool{}
	for _, f := range domain.AllFormats() {
		p.Items[0].Format = f
		seen[p.ContentHash()] = true
		p.Items[0].Format, p.After[0].Format = "", f
		seen[p.ContentHash()] = true
		p.After[0].Format = ""
	}
	if want := 2*len(domain.AllFormats()) - 1; len(seen) != want {
		t.Errorf("got %d hashes, want %d", len(seen), want)
	}
}
