package simulator

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // It is the algorithm of the standard.
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// OAuth1 is the sign-in of OAuth 1.0a (RFC 5849) with HMAC-SHA1. Each field is
// the host and path of a page.
type OAuth1 struct {
	Platform                             string
	RequestToken, Authorize, AccessToken string
	// Grant may change a token before it is given out; nil: nothing.
	Grant func(t *Token)
	// Extra is added to the answer with the access token, such as the handle; nil:
	// nothing.
	Extra func(t *Token) map[string]string
}

// request is a token that nobody agreed to yet.
type request struct {
	app, secret, callback, verifier string
	account                         *Account
}

// OAuth1 adds the pages of a sign-in.
func (m *Mount) OAuth1(o OAuth1) {
	f := oauth1{OAuth1: o, Mount: m, open: map[string]*request{}}
	m.HandleSignIn("POST "+o.RequestToken, f.begin)
	m.HandleSignIn("GET "+o.Authorize, f.ask)
	m.HandleSignIn("POST "+o.Authorize, f.decide)
	m.HandleSignIn("POST "+o.AccessToken, f.exchange)
}

type oauth1 struct {
	OAuth1
	*Mount
	open map[string]*request
}

func (f oauth1) begin(w http.ResponseWriter, r *http.Request) {
	p := f.protocol(r)
	app := f.App(f.Platform, p["oauth_consumer_key"])
	if app == nil || !f.fits(r, p, app.Secret, "") || p["oauth_callback"] == "" {
		http.Error(w, "Could not authenticate you.", http.StatusUnauthorized)
		return
	}
	token := f.NewSecret()
	f.open[token] = &request{app: app.ID, secret: f.NewSecret(), callback: p["oauth_callback"]}
	form(w, url.Values{"oauth_token": {token}, "oauth_token_secret": {f.open[token].secret}, "oauth_callback_confirmed": {"true"}})
}

func form(w http.ResponseWriter, v url.Values) {
	w.Header().Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	_, _ = w.Write([]byte(v.Encode()))
}

func (f oauth1) ask(w http.ResponseWriter, r *http.Request) {
	in := f.open[r.URL.Query().Get("oauth_token")]
	if in == nil {
		http.Error(w, "The request token is unknown.", http.StatusBadRequest)
		return
	}
	f.question(w, r, question{Platform: f.Platform, App: in.app})
}

func (f oauth1) decide(w http.ResponseWriter, r *http.Request) {
	token := r.URL.Query().Get("oauth_token")
	in := f.open[token]
	if in == nil {
		http.Error(w, "The request token is unknown.", http.StatusBadRequest)
		return
	}
	back, err := url.Parse(in.callback)
	if err != nil {
		http.Error(w, "The oauth_callback is no address.", http.StatusBadRequest)
		return
	}
	q := back.Query()
	if in.account = f.answered(r, f.Platform); in.account == nil {
		delete(f.open, token)
		q.Set("denied", token)
	} else {
		in.verifier = f.NewSecret()
		q.Set("oauth_token", token)
		q.Set("oauth_verifier", in.verifier)
	}
	back.RawQuery = q.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound)
}

func (f oauth1) exchange(w http.ResponseWriter, r *http.Request) {
	p := f.protocol(r)
	in := f.open[p["oauth_token"]]
	app := f.App(f.Platform, p["oauth_consumer_key"])
	verifier := p["oauth_verifier"]
	if verifier == "" {
		verifier = r.PostFormValue("oauth_verifier")
	}
	if in == nil || app == nil || in.app != app.ID || in.account == nil || in.verifier != verifier || !f.fits(r, p, app.Secret, in.secret) {
		http.Error(w, "Could not authenticate you.", http.StatusUnauthorized)
		return
	}
	delete(f.open, p["oauth_token"])
	t := f.Issue(Token{Platform: f.Platform, App: app.ID, Account: in.account, Secret: f.NewSecret()})
	if f.Grant != nil {
		f.Grant(t)
	}
	out := url.Values{"oauth_token": {t.Access}, "oauth_token_secret": {t.Secret}}
	if f.Extra != nil {
		for k, v := range f.Extra(t) {
			out.Set(k, v)
		}
	}
	form(w, out)
}

// Signed finds who makes a request that is signed with OAuth 1.0a.
func (w *World) Signed(r *http.Request, platforms ...string) (*Token, Why) {
	p := w.protocol(r)
	if p == nil {
		return nil, Missing
	}
	t, why := w.Token(p["oauth_token"], platforms...)
	if t == nil {
		return t, why
	}
	app := w.App(t.Platform, p["oauth_consumer_key"])
	if app == nil || app.ID != t.App || !w.fits(r, p, app.Secret, t.Secret) {
		return nil, Unknown
	}
	return t, why
}

// protocol reads the parameters of the header; nil: there is none.
func (w *World) protocol(r *http.Request) map[string]string { return protocol(r) }

func protocol(r *http.Request) map[string]string {
	rest, ok := strings.CutPrefix(r.Header.Get("Authorization"), "OAuth ")
	if !ok || !strings.Contains(rest, "oauth_consumer_key") {
		return nil
	}
	out := map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		k, v, _ := strings.Cut(strings.TrimSpace(part), "=")
		key, err1 := url.PathUnescape(k)
		value, err2 := url.PathUnescape(strings.Trim(v, `"`))
		if err1 == nil && err2 == nil {
			out[key] = value
		}
	}
	return out
}

// fits checks the signature (RFC 5849, 3.4).
func (w *World) fits(r *http.Request, p map[string]string, appSecret, tokenSecret string) bool {
	var pairs []string
	add := func(k, v string) { pairs = append(pairs, percent(k)+"="+percent(v)) }
	for k, v := range p {
		if k != "oauth_signature" && k != "realm" {
			add(k, v)
		}
	}
	for k, vs := range r.URL.Query() {
		for _, v := range vs {
			add(k, v)
		}
	}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") && r.ParseForm() == nil {
		for k, vs := range r.PostForm {
			for _, v := range vs {
				add(k, v)
			}
		}
	}
	slices.Sort(pairs)
	base := strings.ToUpper(r.Method) + "&" + percent(w.Asked(r)) + "&" + percent(strings.Join(pairs, "&"))
	mac := hmac.New(sha1.New, []byte(percent(appSecret)+"&"+percent(tokenSecret)))
	mac.Write([]byte(base))
	got, err := base64.StdEncoding.DecodeString(p["oauth_signature"])
	return err == nil && p["oauth_signature_method"] == "HMAC-SHA1" && hmac.Equal(got, mac.Sum(nil))
}

// percent is the encoding of RFC 5849, 3.6.
func percent(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}
