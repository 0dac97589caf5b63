// Package firstrun shows a new server at work: it makes the owner's account,
// opens a feed, publishes a first post on it, and says what to try next. It
// uses only what every program that embeds Crier can use.
package firstrun

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"time"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/providers/feed"
)

// Config says where the server is and where to tell about it.
type Config struct {
	// URL is the public address of the server.
	URL string
	// DataDir is where everything is kept.
	DataDir string
	// Out gets plain text for a person.
	Out io.Writer
	// Delay is how far ahead the first post is scheduled. Default 5 s.
	Delay time.Duration
	// Patience is how long its publication is waited for. Default 1 min.
	Patience time.Duration
}

// owner is who owns the server at first.
const owner = "owner@localhost"

// Run welcomes the person who started the server. A server that has accounts
// already is left as it is. What fails is told on Out, and changes nothing else.
func Run(ctx context.Context, eng *core.Engine, cfg Config) {
	if cfg.Delay <= 0 {
		cfg.Delay = 5 * time.Second
	}
	if cfg.Patience <= 0 {
		cfg.Patience = time.Minute
	}
	w := welcome{eng: eng, cfg: cfg}
	if err := w.run(ctx); err != nil && ctx.Err() == nil {
		w.say("The first steps did not work: %v\n\nThe server runs all the same: %s\n", err, cfg.URL)
	}
}

type welcome struct {
	eng *core.Engine
	cfg Config
}

func (w welcome) say(format string, args ...any) { _, _ = fmt.Fprintf(w.cfg.Out, format, args...) }

func (w welcome) run(ctx context.Context) error {
	empty, err := w.eng.Accounts.Empty(ctx)
	if err != nil {
		return err
	}
	if !empty {
		w.say("\nCrier is running at %[1]s, with what it keeps in %[2]s.\n"+
			"The API is described at %[1]s/api/openapi.json. To begin anew, stop it and remove that folder.\n\n", w.cfg.URL, w.cfg.DataDir)
		return nil
	}
	password := rand.Text()
	in, err := w.eng.Accounts.Register(ctx, core.RegisterInput{Email: owner, Password: password, Name: "Owner", Organization: "My organization"})
	if err != nil {
		return err
	}
	w.say("\nWelcome to Crier. It is running at %s and keeps everything in %s.\n\n"+
		"1. This account was made for you; the password is shown only now:\n     e-mail    %s\n     password  %s\n",
		w.cfg.URL, w.cfg.DataDir, owner, password)
	ch, err := w.eng.Channels.ConnectForm(ctx, in.Actor(), feed.ID, map[string]string{"title": "My first feed"})
	if err != nil {
		return err
	}
	w.say("2. A channel was connected: a feed that this server hosts itself.\n     %s\n", ch.URL)
	link, err := w.publish(ctx, in.Actor(), ch)
	if err != nil {
		return err
	}
	w.say("   It is out: %s\n", link)
	w.next(ch, password)
	return nil
}

// publish schedules the first post and waits for it.
func (w welcome) publish(ctx context.Context, a domain.Actor, ch domain.Channel) (link string, err error) {
	due := time.Now().Add(w.cfg.Delay).UTC()
	post, err := w.eng.Posts.Create(ctx, a, core.PostInput{
		Items:   []domain.Item{{Text: "Hello, world! This is my first post, published by Crier."}},
		Targets: []domain.Target{{Channel: ch.ID}}, When: core.At, Time: due.Format(time.RFC3339Nano),
	})
	if err != nil {
		return "", err
	}
	w.say("3. A first post was scheduled, to go out in %s …\n", w.cfg.Delay)
	ctx, cancel := context.WithTimeout(ctx, w.cfg.Delay+w.cfg.Patience)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return "", fmt.Errorf("the first post was not published in time; is the worker switched off (WORKER=false)?")
		case <-tick.C:
		}
		v, err := w.eng.Posts.Get(ctx, a, post.Post.ID)
		if err != nil {
			return "", err
		}
		switch d := v.Deliveries[0]; {
		case v.Summary == domain.SummaryPublished:
			return d.Parts[0].Ref.URL, nil
		case d.State.NeedsAttention():
			return "", fmt.Errorf("the first post is %s: %s", d.State, d.Reason.Message)
		}
	}
}

// next says what to try.
func (w welcome) next(ch domain.Channel, password string) {
	w.say(`
What to try next, in another terminal:

  TOKEN=$(curl -s %[1]s/auth/login -H 'Content-Type: application/json' \
    -d '{"email":"%[2]s","password":"%[3]s"}' | sed 's/.*"accessToken":"\([^"]*\)".*/\1/')

  # Publish something now.
  curl -s %[1]s/posts -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \
    -d '{"content":"My second post","integrations":["%[4]s"],"type":"now"}'

  # See what became of your posts, and which platforms you can connect.
  curl -s %[1]s/posts -H "Authorization: Bearer $TOKEN"
  curl -s %[1]s/integrations/providers -H "Authorization: Bearer $TOKEN"

Everything else: %[1]s/api/openapi.json. Stop the server with Ctrl-C; nothing is lost.

`, w.cfg.URL, owner, password, ch.ID)
}
