package simulator

import (
	"slices"
	"time"
)

// Post is something that was said on a platform.
type Post struct {
	Platform string    `json:"platform"`
	Account  string    `json:"account"` // the id of the account that shows it
	ID       string    `json:"id"`
	Text     string    `json:"text"`
	Media    []*Upload `json:"media,omitempty"`
	Link     string    `json:"link,omitempty"` // what a card leads to
	URL      string    `json:"url,omitempty"`  // where people see it
	Poll     *Poll     `json:"poll,omitempty"`
	Parent   string    `json:"parent,omitempty"` // the post that it answers
	Root     string    `json:"root,omitempty"`   // the first of its thread
	Repost   string    `json:"repost,omitempty"` // the post that it repeats
	// State is what the platform says of one that people do not see yet, such as
	// "scheduled"; empty: they see it.
	State   string    `json:"state,omitempty"`
	At      time.Time `json:"at"`
	Edited  time.Time `json:"edited,omitzero"`
	Deleted bool      `json:"deleted,omitempty"`
	// Extra is for what only the platform has: visibility, title, flair.
	Extra map[string]string `json:"extra,omitempty"`
	// App is the client id of the app that published it.
	App string `json:"app,omitempty"`
}

// Poll is a question with answers.
type Poll struct {
	Options  []string  `json:"options"`
	Ends     time.Time `json:"ends"`
	Multiple bool      `json:"multiple,omitempty"`
}

// Publish puts a post out, and returns it for changes. It gives it an id and a
// time where it has none.
func (w *World) Publish(p Post) *Post {
	if p.ID == "" {
		p.ID = w.NewID()
	}
	if p.At.IsZero() {
		p.At = w.Now()
	}
	if p.Extra == nil {
		p.Extra = map[string]string{}
	}
	w.posts = append(w.posts, &p)
	if w.current != nil {
		w.current.published = true
	}
	return &p
}

// Post finds a post that is not deleted; nil: there is none.
func (w *World) Post(platform, id string) *Post {
	for _, p := range w.posts {
		if p.Platform == platform && p.ID == id && !p.Deleted {
			return p
		}
	}
	return nil
}

// Posts lists the posts of an account that are not deleted, newest first; an
// empty account stands for all.
func (w *World) Posts(platform, account string) []*Post {
	var out []*Post
	for _, p := range w.posts {
		if p.Platform == platform && (account == "" || p.Account == account) && !p.Deleted {
			out = append(out, p)
		}
	}
	slices.Reverse(out)
	return out
}

// Answers lists the posts that answer a post, oldest first.
func (w *World) Answers(platform, id string) []*Post {
	var out []*Post
	for _, p := range w.posts {
		if p.Platform == platform && p.Parent == id && !p.Deleted {
			out = append(out, p)
		}
	}
	return out
}

// Said reports whether an account put out the same text since.
func (w *World) Said(platform, account, text string, since time.Time) bool {
	return slices.ContainsFunc(w.Posts(platform, account), func(p *Post) bool {
		return p.Text == text && !p.At.Before(since)
	})
}

// Count is a number of a post, such as its likes. It grows for about a day, to
// an end of at most most that depends on the post and on what is counted.
func (w *World) Count(p *Post, what string, most uint64) int {
	end := float64(draw(most+1, p.Platform, p.ID, what))
	return int(end * min(1, w.Now().Sub(p.At).Hours()/24))
}
