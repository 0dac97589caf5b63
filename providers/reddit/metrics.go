package reddit

import (
	"context"
	"strings"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// Metrics implements social.Meter. The score is what is left of the votes for
// after those against.
func (p *Provider) Metrics(ctx context.Context, t social.Target, ref social.Ref) (social.Metrics, error) {
	s, err := p.info(ctx, t, ref.ID)
	switch {
	case err != nil:
		return nil, err
	case s == nil:
		return nil, social.Errorf(social.CodeRejected, "%s", gone)
	}
	if s.HideScore || s.ScoreHidden {
		s.Score = nil
	}
	if strings.HasPrefix(ref.ID, "t1_") {
		s.Comments, s.Crosspost, s.Views = nil, nil, nil
	}
	out := social.Metrics{}
	for m, v := range map[social.Metric]*int64{
		social.MetricLikes: s.Score, social.MetricReplies: s.Comments, social.MetricReposts: s.Crosspost, social.MetricViews: s.Views,
	} {
		if v != nil && *v >= 0 {
			out[m] = *v
		}
	}
	return out, nil
}

// AccountMetrics implements social.AccountMeter: how many people follow the
// profile now. Reddit tells nothing of days gone by.
func (p *Provider) AccountMetrics(ctx context.Context, t social.Target, period social.Period) (social.Series, error) {
	if err := rest.Over(ctx); err != nil {
		return nil, err
	}
	out := social.Series{}
	today, in := period.Today(p.deps.Now())
	if !in {
		return out, nil
	}
	me, err := p.me(ctx, t)
	if err != nil {
		return nil, err
	}
	out.Add(social.MetricFollowers, today, me.Profile.Followers)
	return out, nil
}
