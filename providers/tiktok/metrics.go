package tiktok

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// Metrics implements social.Meter. TikTok counts what the public can see.
// https://developers.tiktok.com/doc/tiktok-api-v2-video-query
func (p *Provider) Metrics(ctx context.Context, t social.Target, ref social.Ref) (social.Metrics, error) {
	if err := rest.Over(ctx); err != nil {
		return nil, err
	}
	id := ref.ID
	if before := ref.Extra[extraPublish]; before != "" {
		s, err := p.status(ctx, t, progress{ID: before})
		if err != nil || len(s.Posts) == 0 {
			return social.Metrics{}, err
		}
		id = s.Posts[0].String()
	}
	var out struct {
		Videos []video `json:"videos"`
	}
	err := p.call(ctx, t, rest.Request{
		Method: http.MethodPost, Path: "/v2/video/query/", Reads: true,
		Query: url.Values{"fields": {"id,like_count,comment_count,share_count,view_count"}},
		JSON:  map[string]any{"filters": map[string][]string{"video_ids": {id}}},
	}, &out)
	if err != nil {
		return nil, err
	}
	for _, v := range out.Videos {
		if v.ID == id {
			return v.metrics(), nil
		}
	}
	return nil, social.Errorf(social.CodeRejected, "The post is not there any more, or not public.")
}

func (v video) metrics() social.Metrics {
	out := social.Metrics{}
	for m, n := range map[social.Metric]*int64{
		social.MetricLikes: v.Likes, social.MetricReplies: v.Comments, social.MetricReposts: v.Shares, social.MetricViews: v.Views,
	} {
		if n != nil && *n >= 0 {
			out[m] = *n
		}
	}
	return out
}

// AccountMetrics implements social.AccountMeter. TikTok tells how many followers
// there are now, and nothing of days gone by.
func (p *Provider) AccountMetrics(ctx context.Context, t social.Target, period social.Period) (social.Series, error) {
	if err := rest.Over(ctx); err != nil {
		return nil, err
	}
	out := social.Series{}
	today, in := period.Today(p.deps.Now())
	if !in {
		return out, nil
	}
	u, err := p.user(ctx, t, "follower_count")
	if err != nil {
		return nil, err
	}
	out.Add(social.MetricFollowers, today, u.Followers)
	return out, nil
}

// Options implements social.OptionLister: whom the account may post for.
func (p *Provider) Options(ctx context.Context, t social.Target, q social.OptionQuery) ([]social.Option, error) {
	if err := rest.Over(ctx); err != nil {
		return nil, err
	}
	if q.Field != "privacy" {
		return nil, social.Errorf(social.CodeUnsupported, "There is nothing to look up here.")
	}
	may, err := p.creator(ctx, t)
	if err != nil {
		return nil, err
	}
	labels := map[string]string{
		everyone: "Everyone", "MUTUAL_FOLLOW_FRIENDS": "Friends", "FOLLOWER_OF_CREATOR": "Followers", onlyMe: "Only you",
	}
	var out []social.Option
	for _, level := range may.Privacy {
		if label := labels[level]; label != "" && strings.Contains(strings.ToLower(label), strings.ToLower(q.Search)) {
			out = append(out, social.Option{Value: level, Label: label})
		}
	}
	return out, nil
}
