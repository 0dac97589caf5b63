package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"net/http"
	"os"
	"time"

	"github.com/crierhq/crier/client"
)

var httpClient = &http.Client{Timeout: 20 * time.Second}

// thread is what was scheduled, and where it should be found.
type thread struct {
	id      string
	texts   []string
	picture []byte
	due     time.Time
	page    string
	atom    string
	links   []string
}

// schedule goes through all that a newcomer does until a thread is scheduled,
// and returns a client of the newcomer.
func schedule(ctx context.Context, c *client.Client) (*client.Client, *thread, error) {
	who, err := c.Register(ctx, client.Register{Email: "demo@example.org", Password: rand.Text(), Name: "Demo"})
	if err != nil {
		return nil, nil, err
	}
	c = c.As(client.NewRenewer(c, *who))
	done("Registered")

	feed, err := c.ConnectIntegration(ctx, client.ConnectRequest{
		Provider: "feed", Fields: map[string]any{"title": "The demo's news", "author": "Demo"},
	})
	if err != nil {
		return nil, nil, err
	}
	page := feed.Integration.URL
	done("Connected a feed: %s", page)

	th := &thread{page: page, atom: page + "/atom.xml", texts: []string{
		"A picture that was drawn a moment ago, to be published exactly on time.",
		"And a reply below it, with a link: https://example.org/?a=1&b=2 <and some \"marks\">",
	}}
	if th.picture, err = draw(); err != nil {
		return nil, nil, err
	}
	file, err := c.UploadFile(ctx, client.File{Name: "wave.png", Content: bytes.NewReader(th.picture)})
	if err != nil {
		return nil, nil, err
	}
	done("Uploaded a PNG of %d bytes", len(th.picture))

	th.due = time.Now().Add(ahead).Truncate(time.Millisecond)
	post, err := c.CreatePost(ctx, client.PostInput{
		Items: []client.ItemInput{
			{Content: th.texts[0], Media: []client.AttachmentInput{{ID: file.ID, Alt: "A wave of colours"}}},
			{Content: th.texts[1]},
		},
		Integrations: []client.TargetInput{{ID: feed.Integration.ID}},
		ScheduledAt:  th.due.Format(time.RFC3339Nano), Type: client.PostInputTypeSchedule,
	})
	if err != nil {
		return nil, nil, err
	}
	th.id = post.ID
	done("Scheduled a thread of two items for %s", th.due.Format("15:04:05.000"))
	return c, th, nil
}

// await shows the time that is left and then waits until the thread is out.
func (th *thread) await(ctx context.Context, c *client.Client) error {
	if err := countDown(ctx, th.due); err != nil {
		return err
	}
	for {
		post, err := c.GetPost(ctx, th.id)
		if err != nil {
			return err
		}
		switch {
		case post.State == client.PostStatePublished:
			for _, it := range post.Deliveries[0].Items {
				th.links = append(th.links, it.URL)
			}
			done("The API says it is published, %s after its time", time.Since(th.due).Round(time.Millisecond))
			return nil
		case post.State == client.PostStateAttention:
			return fmt.Errorf("the post needs attention: %+v", post.Deliveries)
		case time.Since(th.due) > patience:
			return fmt.Errorf("the post is still %s %s after its time", post.State, patience)
		}
		select {
		case <-ctx.Done():
			return errors.New("interrupted")
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// countDown shows the time until due: in one line on a terminal, a line a
// second elsewhere.
func countDown(ctx context.Context, due time.Time) error {
	format, every := "…  Due in %.0f s\n", time.Second
	if info, err := os.Stdout.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		format, every = "\r…  Due in %4.1f s \r", 100*time.Millisecond
	}
	for left := time.Until(due); left > 0; left = time.Until(due) {
		fmt.Printf(format, left.Seconds())
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(min(left, every)):
		}
	}
	return nil
}

// draw paints a picture that no other run has.
func draw() ([]byte, error) {
	const w, h = 640, 360
	seed := make([]byte, 3)
	if _, err := rand.Read(seed); err != nil {
		return nil, err
	}
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			wave := math.Sin(float64(x)/40+float64(seed[0])) + math.Cos(float64(y)/30+float64(seed[1]))
			img.Set(x, y, color.RGBA{R: uint8(x * 255 / w), G: uint8(128 + 60*wave), B: seed[2], A: 255})
		}
	}
	var b bytes.Buffer
	err := png.Encode(&b, img)
	return b.Bytes(), err
}
