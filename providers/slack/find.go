package slack

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// markType is the type of the metadata that our messages have.
const markType = "crier_post"

// marked is the metadata that tells a message from all others.
func marked(key string) *metadata {
	out := &metadata{Type: markType}
	out.Payload.Key = key
	return out
}

const (
	// skew is how far the platform's clock may be behind ours.
	skew = time.Minute
	// maxPages bounds how many pages of messages are read.
	maxPages = 5
)

// Find implements social.Finder: it looks for the message with our metadata.
// Messages with files have none; of them Check can tell.
// https://docs.slack.dev/reference/methods/conversations.history
func (p *Provider) Find(ctx context.Context, t social.Target, it social.Item) (*social.Ref, error) {
	if err := rest.Over(ctx); err != nil {
		return nil, err
	}
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil || len(it.Media) > 0 {
		return nil, err
	}
	at := place{channel: channelOf(it, set), thread: threadOf(it)}
	method, query := "conversations.history", url.Values{
		"channel": {at.channel}, "include_all_metadata": {"true"}, "limit": {"200"},
		"oldest": {strconv.FormatInt(t.FirstTry.Add(-skew).Unix(), 10)},
	}
	if at.thread != "" {
		method = "conversations.replies"
		query.Set("ts", at.thread)
	}
	for range maxPages {
		var page struct {
			paging
			Messages []message `json:"messages"`
		}
		if err := p.get(ctx, t.Credential.Access, method, query, &page); err != nil {
			return nil, err
		}
		for _, m := range page.Messages {
			if m.TS != "" && m.Metadata != nil && *m.Metadata == *marked(t.Key) {
				ref := p.ref(ctx, t, at, m.TS, nil)
				return &ref, nil
			}
		}
		if page.Metadata.Next == "" {
			break
		}
		query.Set("cursor", page.Metadata.Next)
	}
	return nil, nil
}

// Confirm implements social.Confirmer.
func (p *Provider) Confirm(ctx context.Context, t social.Target, ref social.Ref) (bool, error) {
	_, err := p.read(ctx, t, ref)
	if says(err, "message_not_found", "channel_not_found") {
		return false, nil
	}
	return err == nil, err
}

// read reads one message, by the only method that needs no look at others.
// https://docs.slack.dev/reference/methods/reactions.get
func (p *Provider) read(ctx context.Context, t social.Target, ref social.Ref) (message, error) {
	var out struct {
		Message message `json:"message"`
	}
	err := p.get(ctx, t.Credential.Access, "reactions.get", url.Values{
		"channel": {ref.Extra[extraChannel]}, "timestamp": {ref.ID}, "full": {"true"},
	}, &out)
	return out.Message, err
}
