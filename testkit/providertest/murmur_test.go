package providertest_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
	"github.com/crierhq/crier/providers/kit/upload"
)

// murmur publishes to an invented platform that can do everything.
type murmur struct {
	deps social.Deps
	api  rest.Client
}

var (
	_ social.Provider          = (*murmur)(nil)
	_ social.RedirectConnector = (*murmur)(nil)
	_ social.FormConnector     = (*murmur)(nil)
	_ social.Refresher         = (*murmur)(nil)
	_ social.Revoker           = (*murmur)(nil)
	_ social.Preparer          = (*murmur)(nil)
	_ social.Finder            = (*murmur)(nil)
	_ social.Confirmer         = (*murmur)(nil)
	_ social.Editor            = (*murmur)(nil)
	_ social.Deleter           = (*murmur)(nil)
	_ social.Limiter           = (*murmur)(nil)
	_ social.Reposter          = (*murmur)(nil)
	_ social.Meter             = (*murmur)(nil)
	_ social.Resolver          = (*murmur)(nil)
	_ social.Chooser           = (*murmur)(nil)
	_ social.OptionLister      = (*murmur)(nil)
	_ social.Mentioner         = (*murmur)(nil)
	_ social.AccountMeter      = (*murmur)(nil)
)

func newMurmur(d social.Deps) *murmur {
	return &murmur{deps: d, api: rest.Client{HTTP: d.HTTP, Base: "https://api.murmur.example", Classify: classify, Now: d.Now, Rates: social.ScopeApp}}
}

func classify(_ int, body []byte) *social.Error {
	var e struct {
		Error string `json:"error"`
		ID    string `json:"id"`
	}
	_ = json.Unmarshal(body, &e) // What is no JSON has no name either.
	switch e.Error {
	case "duplicate":
		return &social.Error{Code: social.CodeDuplicate, Message: "Murmur has this already.", Existing: &social.Ref{ID: e.ID}}
	case "token_revoked":
		return social.Errorf(social.CodeAuthRevoked, "Murmur wants you to connect again.")
	}
	return nil
}

type settings struct {
	Audience string `json:"audience,omitempty" enum:"public,followers" doc:"Who may see the post."`
	Room     string `json:"room,omitempty" lookup:"true" doc:"Where it is said."`
}

func (*murmur) Descriptor() social.Descriptor {
	return social.Descriptor{
		ID: "murmur", Name: "Murmur", DocsURL: "https://docs.murmur.example/api", Markup: social.MarkupPlain,
		Scopes: []string{"post:write"},
		Limits: social.Limits{
			Text:    social.TextLimit{Max: 300, Count: social.CountGraphemes},
			Media:   social.MediaLimit{Images: 4, Types: []social.MediaType{{MIME: "image/png", MaxBytes: 1 << 20}}},
			Replies: 20,
		},
		Settings:  social.SchemaOf[settings](),
		Dedupe:    time.Hour,
		AppLimits: []social.RateLimit{{Calls: 100, Per: time.Minute}},
	}
}

func (*murmur) LimitsFor(tr social.Traits) social.Limits {
	l := (*murmur)(nil).Descriptor().Limits
	if n, err := strconv.Atoi(tr["max"]); err == nil {
		l.Text.Max = n
	}
	return l
}

func (*murmur) Validate(it social.Item, _ social.Traits) []social.Problem {
	if it.Text == "shout" {
		return []social.Problem{{Field: "text", Rule: "too_loud", Message: "Murmur is for quiet people."}}
	}
	return nil
}

type progress struct {
	Media []string `json:"media"`
	Zeta  int      `json:"zeta"`
	Alpha int      `json:"alpha"`
}

type murmurBody struct {
	Text     string   `json:"text"`
	Audience string   `json:"audience,omitempty"`
	ReplyTo  string   `json:"reply_to,omitempty"`
	Media    []string `json:"media,omitempty"`
}

type murmurAnswer struct {
	ID  string `json:"id"`
	URL string `json:"url"`
}

func (p *murmur) Publish(ctx context.Context, t social.Target, it social.Item, at social.Cursor) (social.Outcome, error) {
	in, err := bodyOf(it, at)
	if err != nil {
		return social.Outcome{}, err
	}
	p.deps.Log.DebugContext(ctx, "publish", "target", t)
	out, err := p.send(ctx, http.MethodPost, "/v1/murmurs", t, in)
	if err != nil {
		return social.Outcome{}, err
	}
	return social.Published(social.Ref{ID: out.ID, URL: out.URL}), nil
}

func bodyOf(it social.Item, at social.Cursor) (murmurBody, error) {
	set, err := social.DecodeSettings[settings](it.Settings)
	if err != nil {
		return murmurBody{}, err
	}
	in := murmurBody{Text: it.Text, Audience: set.Audience}
	if it.Parent != nil {
		in.ReplyTo = it.Parent.ID
	}
	if len(at.State) > 0 {
		var done progress
		if err := json.Unmarshal(at.State, &done); err != nil {
			return murmurBody{}, &social.Error{Code: social.CodeRejected, Message: "The upload is lost.", Err: err}
		}
		in.Media = done.Media
	}
	return in, nil
}

func (p *murmur) send(ctx context.Context, method, path string, t social.Target, in murmurBody) (murmurAnswer, error) {
	var out murmurAnswer
	_, err := p.api.Do(ctx, rest.Request{
		Method: method, Path: path, Bearer: t.Credential.Access, JSON: in, Out: &out,
		Header: http.Header{"Idempotency-Key": {t.Key}},
	})
	if err == nil && out.ID == "" {
		err = social.Errorf(social.CodeOutcomeUnknown, "Murmur did not say what it made of this.")
	}
	return out, err
}

func (p *murmur) Prepare(ctx context.Context, t social.Target, it social.Item) (social.Cursor, error) {
	done := progress{}
	for _, m := range it.Media {
		body, kind, size := upload.Multipart([]upload.Field{
			{Name: "alt", Value: m.Alt},
			{Name: "file", FileName: m.Name, Type: m.MIME, Size: m.Bytes, Open: m.Source.Open},
		})
		var out murmurAnswer
		_, err := p.api.Do(ctx, rest.Request{
			Method: http.MethodPost, Path: "/v1/uploads", Bearer: t.Credential.Access, Body: body, Type: kind, Size: size, Out: &out,
		})
		if err != nil {
			return social.Cursor{}, err
		}
		done.Media = append(done.Media, out.ID)
	}
	state, err := json.Marshal(done)
	return social.Cursor{Next: social.StepCheck, State: state, After: 5 * time.Second}, err
}

func (p *murmur) Check(ctx context.Context, t social.Target, at social.Cursor) (social.Outcome, error) {
	var done progress
	if err := json.Unmarshal(at.State, &done); err != nil {
		return social.Outcome{}, &social.Error{Code: social.CodeRejected, Message: "The upload is lost.", Err: err}
	}
	for _, id := range done.Media {
		var out struct {
			Ready bool `json:"ready"`
		}
		if _, err := p.api.Do(ctx, rest.Request{Method: http.MethodGet, Path: "/v1/uploads/" + id, Bearer: t.Credential.Access, Out: &out}); err != nil {
			return social.Outcome{}, err
		}
		if !out.Ready {
			return social.Pending(social.Cursor{Next: social.StepCheck, State: at.State, After: 5 * time.Second}), nil
		}
	}
	return social.Pending(social.Cursor{Next: social.StepPublish, State: at.State}), nil
}

func (p *murmur) Find(ctx context.Context, t social.Target, _ social.Item) (*social.Ref, error) {
	var out []murmurAnswer
	_, err := p.api.Do(ctx, rest.Request{
		Method: http.MethodGet, Path: "/v1/murmurs", Query: url.Values{"key": {t.Key}, "by": {t.Account}}, Bearer: t.Credential.Access, Out: &out,
	})
	if err != nil || len(out) == 0 {
		return nil, err
	}
	return &social.Ref{ID: out[0].ID, URL: out[0].URL}, nil
}

func (p *murmur) Confirm(ctx context.Context, t social.Target, ref social.Ref) (bool, error) {
	_, err := p.api.Do(ctx, rest.Request{Method: http.MethodGet, Path: "/v1/murmurs/" + ref.ID, Bearer: t.Credential.Access})
	if err != nil && social.AsError(err).Status == http.StatusNotFound {
		return false, nil
	}
	return err == nil, err
}

func (p *murmur) Edit(ctx context.Context, t social.Target, ref social.Ref, it social.Item) (social.Ref, error) {
	in, err := bodyOf(it, social.Cursor{})
	if err != nil {
		return social.Ref{}, err
	}
	out, err := p.send(ctx, http.MethodPut, "/v1/murmurs/"+ref.ID, t, in)
	return social.Ref{ID: out.ID, URL: out.URL}, err
}

func (p *murmur) Delete(ctx context.Context, t social.Target, ref social.Ref) error {
	_, err := p.api.Do(ctx, rest.Request{Method: http.MethodDelete, Path: "/v1/murmurs/" + ref.ID, Bearer: t.Credential.Access})
	return err
}

func (p *murmur) Repost(ctx context.Context, t social.Target, ref social.Ref) (social.Ref, error) {
	var out murmurAnswer
	_, err := p.api.Do(ctx, rest.Request{Method: http.MethodPost, Path: "/v1/murmurs/" + ref.ID + "/echo", Bearer: t.Credential.Access, Out: &out})
	if err == nil && out.ID == "" {
		err = social.Errorf(social.CodeOutcomeUnknown, "Murmur did not say what it made of this.")
	}
	return social.Ref{ID: out.ID, URL: out.URL}, err
}

func (p *murmur) Metrics(ctx context.Context, t social.Target, ref social.Ref) (social.Metrics, error) {
	var out struct {
		Likes   int64 `json:"likes"`
		Replies int64 `json:"replies"`
	}
	_, err := p.api.Do(ctx, rest.Request{Method: http.MethodGet, Path: "/v1/murmurs/" + ref.ID, Bearer: t.Credential.Access, Out: &out})
	return social.Metrics{social.MetricLikes: out.Likes, social.MetricReplies: out.Replies}, err
}

func (p *murmur) Resolve(ctx context.Context, t social.Target, ref social.Ref) (social.Ref, error) {
	var out murmurAnswer
	_, err := p.api.Do(ctx, rest.Request{
		Method: http.MethodGet, Path: "/v1/lookup", Query: url.Values{"url": {ref.URL}}, Bearer: t.Credential.Access, Out: &out,
	})
	return social.Ref{ID: out.ID, URL: out.URL}, err
}

func (p *murmur) token(ctx context.Context, form url.Values) (social.Credential, error) {
	var out struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
		Expires int    `json:"expires_in"`
	}
	_, err := p.api.Do(ctx, rest.Request{Method: http.MethodPost, Path: "/oauth/token", Form: form, Out: &out})
	if err != nil {
		return social.Credential{}, err
	}
	return social.Credential{
		Access: out.Access, Refresh: out.Refresh, Expiry: p.deps.Now().Add(time.Duration(out.Expires) * time.Second),
	}, nil
}

func (p *murmur) Refresh(ctx context.Context, t social.Target) (social.Credential, error) {
	return p.token(ctx, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {t.Credential.Refresh}})
}

func (p *murmur) Revoke(ctx context.Context, t social.Target) error {
	_, err := p.api.Do(ctx, rest.Request{Method: http.MethodPost, Path: "/oauth/revoke", Form: url.Values{"token": {t.Credential.Access}}})
	return err
}

func (*murmur) RedirectForm() social.Schema { return social.Schema{} }

func (p *murmur) BeginConnect(_ context.Context, in social.ConnectRequest) (social.Redirect, error) {
	verifier := p.deps.NewID()
	q := url.Values{"redirect_uri": {in.Callback}, "state": {in.State}, "nonce": {verifier}}
	return social.Redirect{URL: "https://murmur.example/oauth?" + q.Encode(), Keep: map[string]string{"verifier": verifier}}, nil
}

func (p *murmur) FinishConnect(ctx context.Context, in social.Callback) (social.Connection, error) {
	cred, err := p.token(ctx, url.Values{"code": {in.Query["code"]}, "code_verifier": {in.Keep["verifier"]}, "redirect_uri": {in.Callback}})
	if err != nil {
		return social.Connection{}, err
	}
	return p.connection(ctx, cred)
}

func (*murmur) ConnectForm() social.Schema {
	return social.SchemaOf[struct {
		Token string `json:"token" required:"true" secret:"true" doc:"The access token."`
	}]()
}

func (p *murmur) ConnectWith(ctx context.Context, values social.Values) (social.Connection, error) {
	return p.connection(ctx, social.Credential{Access: values["token"]})
}

func (p *murmur) connection(ctx context.Context, cred social.Credential) (social.Connection, error) {
	var out struct {
		ID   string `json:"id"`
		Name string `json:"name"`
		Max  int    `json:"max"`
	}
	if _, err := p.api.Do(ctx, rest.Request{Method: http.MethodGet, Path: "/v1/me", Bearer: cred.Access, Out: &out}); err != nil {
		return social.Connection{}, err
	}
	return social.Connection{
		Account: out.ID, Name: out.Name, Handle: "@" + out.Name, Credential: cred,
		Traits: social.Traits{"max": strconv.Itoa(out.Max)},
	}, nil
}

func (p *murmur) Choices(ctx context.Context, in social.Connection) ([]social.Connection, error) {
	var out []murmurBox
	if _, err := p.api.Do(ctx, rest.Request{Method: http.MethodGet, Path: "/v1/houses", Bearer: in.Credential.Access, Out: &out}); err != nil {
		return nil, err
	}
	if len(out) == 0 {
		return nil, social.Errorf(social.CodeRejected, "You have no house on Murmur.")
	}
	all := make([]social.Connection, len(out))
	for i, h := range out {
		all[i] = social.Connection{Account: h.ID, Name: h.Name, Credential: in.Credential}
	}
	return all, nil
}

type murmurBox struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func (p *murmur) Options(ctx context.Context, t social.Target, q social.OptionQuery) ([]social.Option, error) {
	var rooms []murmurBox
	_, err := p.api.Do(ctx, rest.Request{
		Method: http.MethodGet, Path: "/v1/rooms", Query: url.Values{"q": {q.Search}}, Bearer: t.Credential.Access, Out: &rooms,
	})
	var out []social.Option
	for _, r := range rooms {
		out = append(out, social.Option{Value: r.ID, Label: r.Name})
	}
	return out, err
}

func (p *murmur) Mentions(ctx context.Context, t social.Target, search string) ([]social.Mention, error) {
	var people []murmurBox
	_, err := p.api.Do(ctx, rest.Request{
		Method: http.MethodGet, Path: "/v1/people", Query: url.Values{"q": {search}}, Bearer: t.Credential.Access, Out: &people,
	})
	var out []social.Mention
	for _, who := range people {
		out = append(out, social.Mention{Text: "@" + who.ID, Name: who.Name, Handle: "@" + who.ID})
	}
	return out, err
}

func (p *murmur) AccountMetrics(ctx context.Context, t social.Target, per social.Period) (social.Series, error) {
	var days []struct {
		Day       time.Time `json:"day"`
		Followers int64     `json:"followers"`
	}
	_, err := p.api.Do(ctx, rest.Request{
		Method: http.MethodGet, Path: "/v1/numbers", Bearer: t.Credential.Access, Out: &days,
		Query: url.Values{"from": {per.From.Format(time.DateOnly)}, "to": {per.To.Format(time.DateOnly)}},
	})
	out := social.Series{}
	for _, d := range days {
		out[social.MetricFollowers] = append(out[social.MetricFollowers], social.Point{Day: d.Day, Value: d.Followers})
	}
	return out, err
}
