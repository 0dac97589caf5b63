package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/mmcdole/gofeed"
)

// slack is how far the published time may be from the wish.
const slack = 5 * time.Second

var tags = regexp.MustCompile(`<[^>]*>`)

// check reads the public feed and compares it with what was scheduled.
func (th *thread) check(ctx context.Context) error {
	raw, err := fetch(ctx, th.atom)
	if err != nil {
		return err
	}
	parsed, err := gofeed.NewParser().Parse(bytes.NewReader(raw))
	if err != nil {
		return fmt.Errorf("the feed cannot be read: %w", err)
	}
	if len(parsed.Items) != len(th.texts) {
		return fmt.Errorf("the feed has %d entries, want %d", len(parsed.Items), len(th.texts))
	}
	var problems []error
	for i, want := range th.texts {
		entry := parsed.Items[len(parsed.Items)-1-i] // a feed shows the newest first
		if got := plain(entry.Content); !strings.Contains(got, want) {
			problems = append(problems, fmt.Errorf("entry %d reads %q, want %q", i+1, got, want))
		}
		if at := entry.PublishedParsed; at == nil || at.Before(th.due.Truncate(time.Second)) || at.After(th.due.Add(slack)) {
			problems = append(problems, fmt.Errorf("entry %d was published at %s, want %s", i+1, entry.Published, th.due))
		}
		if entry.Link != th.links[i] {
			problems = append(problems, fmt.Errorf("entry %d is at %s, but the API says %s", i+1, entry.Link, th.links[i]))
		}
	}
	problems = append(problems, th.checkPicture(ctx, parsed.Items[len(parsed.Items)-1]))
	if err := errors.Join(problems...); err != nil {
		return err
	}
	done("The public feed has both texts in order, the time, and the picture byte for byte")
	return nil
}

func (th *thread) checkPicture(ctx context.Context, entry *gofeed.Item) error {
	if len(entry.Enclosures) != 1 {
		return fmt.Errorf("the first entry has %d enclosures, want 1", len(entry.Enclosures))
	}
	got, err := fetch(ctx, entry.Enclosures[0].URL)
	if err != nil {
		return err
	}
	if !bytes.Equal(got, th.picture) {
		return fmt.Errorf("the picture in the feed has %d bytes and differs from the %d that were uploaded", len(got), len(th.picture))
	}
	return nil
}

// plain is the text of an HTML fragment.
func plain(s string) string { return html.UnescapeString(tags.ReplaceAllString(s, "")) }

func fetch(ctx context.Context, url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := httpClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("GET %s: %s", url, resp.Status)
	}
	return io.ReadAll(io.LimitReader(resp.Body, 32<<20))
}
