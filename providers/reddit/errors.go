package reddit

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/crierhq/crier/ports/social"
)

const (
	gone     = "The post is not there any more, or this account may not see it."
	notThere = "The community is not there, or this account may not see it."
)

// rule reads one error of json.errors. Without a message Reddit's own is shown.
type rule struct {
	code    string
	means   social.Code
	message string
}

// rules is read from the top; the first that is among the errors applies. A code
// that ends in _ stands for all that begin with what is before it: whatever is
// not known is of the author's making.
func rules() []rule {
	return []rule{
		{"RATELIMIT", social.CodeRateLimited, "Reddit lets this account post only now and then. New accounts have to wait longer."},
		{"QUOTA_FILLED", social.CodeQuota, "This account has posted as much as Reddit lets it for now."},
		{"USER_REQUIRED", social.CodeAuthExpired, "The permission to use this account has run out."},
		{"IN_TIMEOUT", social.CodeAccountBlocked, "Reddit has suspended this account."},
		{"ALREADY_SUB", social.CodeDuplicate, "This community has the link already. The setting resubmit lets you post it again."},
		{"SUBREDDIT_NOEXIST", social.CodeRejected, "There is no community of this name."},
		{"BAD_SR_NAME", social.CodeRejected, "There is no community of this name."},
		{"SUBREDDIT_NOTALLOWED", social.CodeRejected, "This account may not post to this community, or not this kind of post."},
		{"NO_SELFS", social.CodeRejected, "This community takes no text posts."},
		{"NO_LINKS", social.CodeRejected, "This community takes no links."},
		{"NO_IMAGES", social.CodeRejected, "This community takes no pictures."},
		{"NO_VIDEOS", social.CodeRejected, "This community takes no videos."},
		{"DOMAIN_BANNED", social.CodeRejected, "This community takes no links to this site."},
		{"BAD_FLAIR_TEMPLATE_ID", social.CodeRejected, "This community does not have the flair any more. Choose another one."},
		{"SUBMIT_VALIDATION_FLAIR_REQUIRED", social.CodeRejected, "This community demands a flair. Choose one."},
		{"THREAD_LOCKED", social.CodeRejected, "Nobody can comment on this post any more."},
		{"TOO_OLD", social.CodeRejected, "This post is too old to comment on."},
		{"DELETED_COMMENT", social.CodeRejected, "The comment that this answers is not there any more."},
		{"DELETED_LINK", social.CodeRejected, gone},
		{"NO_THING_ID", social.CodeRejected, gone},
		{"_", social.CodeRejected, ""},
	}
}

func (r rule) fits(code string) bool {
	start, many := strings.CutSuffix(r.code, "_")
	return code == r.code || many && strings.HasPrefix(code, start)
}

// refusal is what an answer says no with; nil: nothing.
func (a answer) refusal() error {
	for _, r := range rules() {
		for _, triple := range a.JSON.Errors {
			code, said := textAt(triple, 0), sentence(textAt(triple, 1))
			if !r.fits(code) {
				continue
			}
			e := social.Errorf(r.means, "%s", cmp.Or(r.message, "Reddit refused this: "+said))
			e.Status, e.Evidence = http.StatusOK, code+": "+said
			if e.Code == social.CodeRateLimited || e.Code == social.CodeQuota {
				e.RetryAfter = a.wait(said)
			}
			return e
		}
	}
	return nil
}

func textAt(triple []any, i int) string {
	if i >= len(triple) {
		return ""
	}
	s, _ := triple[i].(string)
	return s
}

// wait is for how long Reddit asks to wait: in seconds, or in words such as "Take
// a break for 14 minutes before trying again", which are rounded down.
func (a answer) wait(words string) time.Duration {
	const longest = 24 * time.Hour
	if a.JSON.Wait > 0 {
		return time.Duration(min(a.JSON.Wait, longest.Seconds()) * float64(time.Second))
	}
	number := 0
	for _, w := range strings.Fields(strings.ToLower(words)) {
		if w == "an" || w == "a" {
			number = 1
			continue
		}
		if n, err := strconv.Atoi(w); err == nil && n >= 0 && n < 100_000 {
			number = n
			continue
		}
		for unit, d := range map[string]time.Duration{"millisecond": time.Millisecond, "second": time.Second, "minute": time.Minute, "hour": time.Hour} {
			if strings.HasPrefix(w, unit) && number > 0 {
				return min(time.Duration(number+1)*d, longest)
			}
		}
		number = 0
	}
	return 0
}

// failure is what a call is answered with that fails as a whole.
type failure struct {
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

func classify(status int, body []byte) *social.Error {
	var f failure
	_ = json.Unmarshal(body, &f) // A page of Reddit's network is no JSON.
	switch {
	case status == http.StatusUnauthorized:
		return social.Errorf(social.CodeAuthExpired, "The permission to use this account has run out.")
	case status == http.StatusForbidden && strings.Contains(string(body), "insufficient_scope"):
		return social.Errorf(social.CodeScopeMissing, "Connect the account again, and allow all that is asked for.")
	case status == http.StatusForbidden && f.Reason == "private":
		return social.Errorf(social.CodeRejected, "This community is private.")
	case status == http.StatusForbidden && f.Reason == "" && f.Message == "":
		return shutOut()
	case status == http.StatusForbidden:
		return social.Errorf(social.CodeRejected, "Reddit does not let this account do this.")
	case status == http.StatusNotFound:
		return social.Errorf(social.CodeRejected, "%s", notThere)
	}
	return nil
}

// classifySignIn reads what refresh tokens are refused with: not in the words of
// OAuth.
func classifySignIn(status int, _ []byte) *social.Error {
	switch status {
	case http.StatusBadRequest:
		return social.Errorf(social.CodeAuthRevoked, "Reddit has ended this sign-in. Please connect the account again.")
	case http.StatusForbidden:
		return shutOut()
	}
	return nil
}

// shutOut is what Reddit's network does with servers that it does not know.
func shutOut() *social.Error {
	return social.Errorf(social.CodeUnavailable, "Reddit does not let this server in at the moment. Its operator may look at REDDIT_USER_AGENT.")
}

// sentence makes what a platform says fit to be shown.
func sentence(s string) string {
	const most = 200
	s = words(s)
	if utf8.RuneCountInString(s) > most {
		s = string([]rune(s)[:most]) + "…"
	}
	if !strings.HasSuffix(s, ".") && !strings.HasSuffix(s, "…") && !strings.HasSuffix(s, "!") {
		s += "."
	}
	return s
}
