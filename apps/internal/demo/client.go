package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"os"
	"time"
)

var httpClient = &http.Client{Timeout: 20 * time.Second}

// client speaks the HTTP API as anybody's program would.
type client struct {
	base, token string
}

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

type failure struct {
	Message string `json:"message"`
	Errors  []struct {
		Field   string `json:"field"`
		Message string `json:"message"`
	} `json:"errors"`
}

// call sends in as JSON, or as it is if it is a body with a type of its own,
// and reads the answer into out.
func (c *client) call(ctx context.Context, method, path string, in, out any) error {
	body, contentType := io.Reader(nil), ""
	switch v := in.(type) {
	case nil:
	case upload:
		body, contentType = v.body, v.contentType
	default:
		raw, err := json.Marshal(v)
		if err != nil {
			return err
		}
		body, contentType = bytes.NewReader(raw), "application/json"
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return err
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := httpClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		var f failure
		_ = json.Unmarshal(raw, &f)
		return fmt.Errorf("%s %s: %s: %s %v", method, path, resp.Status, f.Message, f.Errors)
	}
	return json.Unmarshal(raw, out)
}

// schedule goes through all that a newcomer does until a thread is scheduled.
func (c *client) schedule(ctx context.Context) (*thread, error) {
	var who struct {
		AccessToken string `json:"accessToken"`
	}
	if err := c.call(ctx, http.MethodPost, "/auth/register", map[string]any{
		"email": "demo@example.org", "password": rand.Text(), "name": "Demo",
	}, &who); err != nil {
		return nil, err
	}
	c.token = who.AccessToken
	done("Registered")

	var conn struct {
		Integration struct {
			ID, URL string
		}
	}
	if err := c.call(ctx, http.MethodPost, "/integrations/connect", map[string]any{
		"provider": "feed", "fields": map[string]any{"title": "The demo's news", "author": "Demo"},
	}, &conn); err != nil {
		return nil, err
	}
	done("Connected a feed: %s", conn.Integration.URL)

	th := &thread{page: conn.Integration.URL, atom: conn.Integration.URL + "/atom.xml", texts: []string{
		"A picture that was drawn a moment ago, to be published exactly on time.",
		"And a reply below it, with a link: https://example.org/?a=1&b=2 <and some \"marks\">",
	}}
	var err error
	if th.picture, err = draw(); err != nil {
		return nil, err
	}
	var file struct{ ID string }
	form, err := pictureForm(th.picture)
	if err != nil {
		return nil, err
	}
	if err := c.call(ctx, http.MethodPost, "/media/upload", form, &file); err != nil {
		return nil, err
	}
	done("Uploaded a PNG of %d bytes", len(th.picture))

	th.due = time.Now().Add(ahead).Truncate(time.Millisecond)
	var post struct{ ID string }
	if err := c.call(ctx, http.MethodPost, "/posts", map[string]any{
		"items": []any{
			map[string]any{"content": th.texts[0], "media": []any{map[string]any{"id": file.ID, "alt": "A wave of colours"}}},
			map[string]any{"content": th.texts[1]},
		},
		"integrations": []any{map[string]any{"id": conn.Integration.ID}},
		"scheduledAt":  th.due.Format(time.RFC3339Nano), "type": "schedule",
	}, &post); err != nil {
		return nil, err
	}
	th.id = post.ID
	done("Scheduled a thread of two items for %s", th.due.Format("15:04:05.000"))
	return th, nil
}

// await shows the time that is left and then waits until the thread is out.
func (c *client) await(ctx context.Context, th *thread) error {
	if err := countDown(ctx, th.due); err != nil {
		return err
	}
	for {
		var post struct {
			State      string
			Deliveries []struct {
				State  string
				Reason *struct{ Message string }
				Items  []struct{ URL string }
			}
		}
		if err := c.call(ctx, http.MethodGet, "/posts/"+th.id, nil, &post); err != nil {
			return err
		}
		switch {
		case post.State == "published":
			for _, it := range post.Deliveries[0].Items {
				th.links = append(th.links, it.URL)
			}
			done("The API says it is published, %s after its time", time.Since(th.due).Round(time.Millisecond))
			return nil
		case post.State == "attention":
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

// upload is a body with a content type of its own.
type upload struct {
	body        io.Reader
	contentType string
}

func pictureForm(picture []byte) (upload, error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="file"; filename="wave.png"`}, "Content-Type": {"image/png"},
	})
	if err != nil {
		return upload{}, err
	}
	if _, err := part.Write(picture); err != nil {
		return upload{}, err
	}
	return upload{&b, w.FormDataContentType()}, w.Close()
}
