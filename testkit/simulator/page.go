package simulator

import (
	"cmp"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"
)

// home is what the page shows.
type home struct {
	Now       time.Time
	Platforms []shownPlatform
	Troubles  []Trouble
	Buttons   []button
}

type shownPlatform struct {
	Name     string
	Accounts []shownAccount
}

type shownAccount struct {
	*Account
	Avatar string
	// Types is what a person types in to connect the account.
	Types map[string]string
	Posts []shownPost
}

type shownPost struct {
	*Post
	By    *Account
	Depth int // of the thread
	Likes int
	Shown []shownMedia
}

type shownMedia struct {
	*Upload
	Path                   string
	Picture, Video, Beyond bool
}

// button asks for trouble that people often want.
type button struct {
	Value, Label string
	trouble      Trouble
}

// buttons are the common troubles, of one platform.
func buttons() []button {
	return []button{
		{"lost", "Publish the next post, then drop the answer", Trouble{Do: DropAfter, Publishing: true}},
		{"limit", "Refuse the next request: too many", Trouble{Do: Refuse, Kind: RateLimited}},
		{"down", "Be down for three requests", Trouble{Do: Refuse, Kind: Unavailable, Times: 3}},
		{"rule", "Refuse the next change: it breaks a rule", Trouble{Do: Refuse, Kind: Rejected, Method: http.MethodPost}},
		{"drop", "Drop the next request unseen", Trouble{Do: DropBefore}},
		{"slow", "Take 9 minutes for the next upload", Trouble{Do: Slow, Takes: Duration(9 * time.Minute)}},
		{"expire", "End all tokens now", Trouble{Do: Expire}},
		{"revoke", "Take all permissions back now", Trouble{Do: Revoke}},
	}
}

// home gathers the page.
func (s *Sim) home() home {
	w := s.world
	out := home{Now: w.Now(), Buttons: buttons()}
	for _, t := range w.troubles {
		out.Troubles = append(out.Troubles, *t)
	}
	names := map[string]bool{}
	for _, a := range w.accounts {
		names[a.Platform] = true
	}
	for name := range names {
		out.Platforms = append(out.Platforms, shownPlatform{Name: name, Accounts: s.shown(name)})
	}
	slices.SortFunc(out.Platforms, func(a, b shownPlatform) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// shown lists the accounts of a platform with their timelines.
func (s *Sim) shown(platform string) []shownAccount {
	byAccount := s.world.threads(platform)
	var out []shownAccount
	for _, a := range s.world.accounts {
		if a.Platform != platform {
			continue
		}
		out = append(out, shownAccount{Account: a, Avatar: avatarPath(a), Types: s.Types(platform, *a), Posts: byAccount[a.ID]})
	}
	return out
}

// threads orders the posts of a platform by the account that began each thread:
// the newest thread first, and what answers a post below it.
func (w *World) threads(platform string) map[string][]shownPost {
	answers, known := map[string][]*Post{}, map[string]bool{}
	var roots []*Post
	for _, p := range w.posts {
		if p.Platform != platform {
			continue
		}
		known[p.ID] = true
		if known[p.Parent] {
			answers[p.Parent] = append(answers[p.Parent], p)
		} else {
			roots = append(roots, p)
		}
	}
	slices.Reverse(roots)
	out := map[string][]shownPost{}
	for _, root := range roots {
		w.thread(root, 0, answers, func(p shownPost) { out[root.Account] = append(out[root.Account], p) })
	}
	return out
}

func (w *World) thread(p *Post, depth int, answers map[string][]*Post, add func(shownPost)) {
	one := shownPost{Post: p, By: w.Account(p.Platform, p.Account), Depth: min(depth, 8), Likes: w.Count(p, "likes", 40)}
	for _, u := range p.Media {
		kind, _, _ := strings.Cut(u.Type, "/")
		one.Shown = append(one.Shown, shownMedia{
			Upload: u, Path: mediaPath(u), Picture: kind == "image" && u.Kept(), Video: kind == "video" && u.Kept(), Beyond: u.over,
		})
	}
	add(one)
	for _, a := range answers[p.ID] {
		w.thread(a, depth+1, answers, add)
	}
}

// askTrouble is what the buttons of the page do.
func (s *Sim) askTrouble(w http.ResponseWriter, r *http.Request) {
	for _, b := range buttons() {
		if b.Value != r.PostFormValue("button") {
			continue
		}
		b.trouble.Platform = r.PostFormValue("platform")
		if err := s.world.addTrouble(b.trouble); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	}
	if r.PostFormValue("button") == "calm" {
		s.world.troubles = nil
	}
	http.Redirect(w, r, s.world.URL(Self, "/"), http.StatusSeeOther)
}

func avatarPath(a *Account) string { return "/_/avatar/" + a.Platform + "/" + a.ID + ".svg" }

func mediaPath(u *Upload) string { return "/_/media/" + u.Platform + "/" + u.ID }

// avatar draws the first letter of a name in a colour of the account's own.
func (s *Sim) avatar(w http.ResponseWriter, r *http.Request) {
	a := s.world.Account(r.PathValue("platform"), strings.TrimSuffix(r.PathValue("file"), ".svg"))
	if a == nil {
		http.NotFound(w, r)
		return
	}
	letter := "?"
	for _, c := range a.Name {
		letter = string(c)
		break
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	_, _ = fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" width="96" height="96"><rect width="96" height="96" fill="hsl(%d 45%% 40%%)"/>`+
		`<text x="48" y="64" font-family="sans-serif" font-size="48" text-anchor="middle" fill="#fff">%s</text></svg>`,
		draw(360, a.Platform, a.ID), template.HTMLEscapeString(letter))
}
