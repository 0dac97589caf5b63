package domain

import (
	"time"
)

// Action is the change that a delivery makes on its platform.
type Action string

// The actions.
const (
	ActionPublish Action = ""        // publish the post
	ActionComment Action = "comment" // answer what another delivery published
	ActionRepost  Action = "repost"  // repost what another delivery published
)

// DefaultWatch is for how long likes are watched where an After sets nothing.
const DefaultWatch = 7 * 24 * time.Hour

// After is a rule of a post: what is to follow once it is out on a channel. It
// holds for each delivery of the post, and what it makes is a delivery of its
// own.
type After struct {
	// Do is ActionComment or ActionRepost.
	Do Action
	// Channel acts, on what was published on any channel of the same platform.
	// Empty: the channel that published it.
	Channel ChannelID
	// Delay is how long after it is out, or after it has its Likes, this
	// follows.
	Delay time.Duration
	// Likes is how many it must have first; 0: it need not have any.
	Likes int
	// Watch is for how long after it is out its likes are counted; zero:
	// DefaultWatch. Nothing follows if they are not reached by then.
	Watch time.Duration
	// Text is what a comment says, in Format.
	Text   string
	Format Format
}

// Until is when the watching of the likes of what was published at out ends.
func (a After) Until(out time.Time) time.Time {
	if a.Watch > 0 {
		return out.Add(a.Watch)
	}
	return out.Add(DefaultWatch)
}

// By is the channel that acts on what d published.
func (a After) By(d Delivery) ChannelID {
	if a.Channel == "" {
		return d.Channel
	}
	return a.Channel
}

// Out is when the first item of a delivery was published; zero if it is not.
func (d Delivery) Out() time.Time {
	if len(d.Parts) == 0 || d.Parts[0].Ref == nil {
		return time.Time{}
	}
	return d.Parts[0].PublishedAt
}

// Own splits the deliveries of a post into those that publish it and those that
// follow one of them.
func Own(ds []Delivery) (own, following []Delivery) {
	for _, d := range ds {
		if d.Follows == "" {
			own = append(own, d)
		} else {
			following = append(following, d)
		}
	}
	return own, following
}

// Following makes the delivery that carries out the rule with the given index on
// what d, a delivery of p, published. It is due at due, has the id id, and keeps
// what the rule says now.
func (p Post) Following(id DeliveryID, d Delivery, rule int, a After, due, now time.Time) Delivery {
	by := a.By(d)
	kept := Target{Channel: by}
	if a.Do == ActionComment {
		kept.Items = []Item{{Text: a.Text, Format: a.Format}}
	}
	if t, ok := p.Target(by); ok {
		kept.Settings = t.Settings
	}
	return Delivery{
		ID: id, Organization: d.Organization, Post: d.Post, Channel: by, Provider: d.Provider, State: DeliveryScheduled,
		Follows: d.ID, Rule: rule, Action: a.Do, Occurrence: d.Occurrence, Kept: &kept,
		DueAt: Instant(due), WakeAt: Instant(due), Revision: d.Revision, Parts: make([]Part, 1),
		CreatedAt: Instant(now), UpdatedAt: Instant(now), Version: 1,
	}
}
