package httpapi

import (
	"time"

	"github.com/crierhq/crier/core/domain"
)

// afterBody is a rule of what follows once a post is out.
type afterBody struct {
	Do           string `json:"do" enum:"comment,repost" doc:"comment: answer the first item; repost: show it to the followers of the integration."`
	Integration  string `json:"integration,omitempty" maxLength:"128" doc:"The id of the integration that acts, on what goes out on any integration of its platform. Absent: the one that published it."`
	DelaySeconds int64  `json:"delaySeconds,omitempty" minimum:"0" maximum:"31536000" doc:"How long after the post is out, or has its likes, this follows."`
	Likes        int    `json:"likes,omitempty" minimum:"0" doc:"How many likes it must have first. They are counted every 15 minutes at first, and every 6 hours at last." example:"100"`
	WatchSeconds int64  `json:"watchSeconds,omitempty" minimum:"0" maximum:"31536000" doc:"For how long after it is out its likes are counted. Default: 7 days."`
	Content      string `json:"content,omitempty" doc:"What a comment says." example:"More on our site."`
	Format       string `json:"format,omitempty" enum:"native,plain,markdown,html" doc:"What content is written in. Default: the format of the post."`
}

func toAfter(in []afterBody, format string) []domain.After {
	var out []domain.After
	for _, a := range in {
		out = append(out, domain.After{
			Do: domain.Action(a.Do), Channel: domain.ChannelID(a.Integration), Delay: time.Duration(a.DelaySeconds) * time.Second,
			Likes: a.Likes, Watch: time.Duration(a.WatchSeconds) * time.Second, Text: a.Content, Format: toFormat(a.Format, format),
		})
	}
	return out
}

func fromAfter(rules []domain.After) []afterBody {
	var out []afterBody
	for _, a := range rules {
		body := afterBody{
			Do: string(a.Do), Integration: string(a.Channel), DelaySeconds: int64(a.Delay / time.Second),
			Likes: a.Likes, WatchSeconds: int64(a.Watch / time.Second), Content: a.Text,
		}
		if a.Text != "" {
			body.Format = fromFormat(a.Format)
		}
		out = append(out, body)
	}
	return out
}
