package slack

import (
	"context"
	"net/url"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// Metrics implements social.Meter. How often a message was seen nobody is told.
func (p *Provider) Metrics(ctx context.Context, t social.Target, ref social.Ref) (social.Metrics, error) {
	m, err := p.read(ctx, t, ref)
	if err != nil {
		return nil, err
	}
	out := social.Metrics{social.MetricLikes: 0}
	for _, r := range m.Reactions {
		out[social.MetricLikes] += max(r.Count, 0)
	}
	if ref.Extra[extraThread] != "" {
		return out, nil // Nobody can answer an answer.
	}
	n, err := p.replies(ctx, t, ref)
	if err != nil {
		return nil, err
	}
	out[social.MetricReplies] = max(n, 0)
	return out, nil
}

// replies is how many answers a message has.
// https://docs.slack.dev/reference/methods/conversations.replies
func (p *Provider) replies(ctx context.Context, t social.Target, ref social.Ref) (int64, error) {
	var out struct {
		Messages []message `json:"messages"`
	}
	err := p.get(ctx, t.Credential.Access, "conversations.replies", url.Values{
		"channel": {ref.Extra[extraChannel]}, "ts": {ref.ID}, "limit": {"1"},
	}, &out)
	if err != nil || len(out.Messages) == 0 {
		return 0, err
	}
	return out.Messages[0].ReplyCount, nil
}

// AccountMetrics implements social.AccountMeter: how many people are in the
// channel that everybody of the workspace is in, now.
func (p *Provider) AccountMetrics(ctx context.Context, t social.Target, period social.Period) (social.Series, error) {
	if err := rest.Over(ctx); err != nil {
		return nil, err
	}
	out := social.Series{}
	today, in := period.Today(p.deps.Now())
	if !in {
		return out, nil
	}
	err := p.channels(ctx, t, "public_channel", func(c conversation) bool {
		if c.General {
			out.Add(social.MetricFollowers, today, c.Members)
		}
		return !c.General
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
