package providertest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/testkit/httpscript"
)

// Canary stands where secrets stand. It must never come out again. In a case
// file it is written {{canary}}.
const Canary = "canary-7f3a91"

// fixedNow is what Deps.Now says. In a case file it is written {{now}}.
const fixedNow = "2026-01-02T03:04:05Z"

// Now is the time that every case happens at.
func Now() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

// Case is one JSON file: one call of a provider, what it sends, what it is
// answered, and what must come of it. Fields that Case does not have are
// refused. {{canary}} and {{now}} are replaced everywhere; in a wanted text
// "*" alone stands for any value that is not empty.
type Case struct {
	// Name is the file's, without ".json".
	Name string `json:"-"`
	// Doc says what the case shows.
	Doc string `json:"doc"`
	// Call is publish, prepare, check, find, confirm, edit, delete, repost,
	// metrics, resolve, refresh, revoke, connect_form, connect_begin, connect_finish,
	// choices, options, mentions, account_metrics, validate or limits.
	Call   string      `json:"call"`
	Target *CaseTarget `json:"target,omitempty"`
	Item   CaseItem    `json:"item,omitzero"`
	// At is the cursor that publish and check start from.
	At CaseCursor `json:"at,omitzero"`
	// Ref is the item that confirm, edit, delete, repost, metrics and resolve
	// are about.
	Ref *social.Ref `json:"ref,omitempty"`
	// Values, Callback, State, Query and Keep are for the connect calls.
	Values   social.Values     `json:"values,omitempty"`
	Callback string            `json:"callback,omitempty"`
	State    string            `json:"state,omitempty"`
	Query    map[string]string `json:"query,omitempty"`
	Keep     map[string]string `json:"keep,omitempty"`
	// Field and Search are for options (whose other settings are item.settings),
	// Search is for mentions, From and To are for account_metrics.
	Field  string    `json:"field,omitempty"`
	Search string    `json:"search,omitempty"`
	From   time.Time `json:"from,omitzero"`
	To     time.Time `json:"to,omitzero"`
	// Vault, Documents and Files are what the host keeps before the call.
	Vault     map[string]string `json:"vault,omitempty"`
	Documents []CaseDocument    `json:"documents,omitempty"`
	Files     map[string]string `json:"files,omitempty"`
	// Exchanges is the script, played in order unless Unordered is set.
	Exchanges []httpscript.Exchange `json:"exchanges,omitempty"`
	Unordered bool                  `json:"unordered,omitempty"`
	// Disputed is for testkit/vendorspec: what the vendor's own description of
	// its API has against the case, and why the case is right.
	Disputed map[string]string `json:"disputed,omitempty"`
	Want     Want              `json:"want"`

	raw []byte
}

// CaseTarget is laid over the default target: account "acct-1", key
// "delivery-1.0.1", first tried now, with Canary as both tokens.
type CaseTarget struct {
	Account    *string         `json:"account,omitempty"`
	Traits     social.Traits   `json:"traits,omitempty"`
	Credential *CaseCredential `json:"credential,omitempty"`
	Key        *string         `json:"key,omitempty"`
	FirstTry   *time.Time      `json:"firstTry,omitempty"`
}

// CaseCredential is a credential in a case.
type CaseCredential struct {
	Access  *string           `json:"access,omitempty"`
	Refresh *string           `json:"refresh,omitempty"`
	Extra   map[string]string `json:"extra,omitempty"`
	Expiry  string            `json:"expiry,omitempty"`
}

// CaseItem is a social.Item whose media have bytes.
type CaseItem struct {
	Text     string          `json:"text"`
	Media    []CaseMedia     `json:"media,omitempty"`
	Settings json.RawMessage `json:"settings,omitempty"`
	Root     *social.Ref     `json:"root,omitempty"`
	Parent   *social.Ref     `json:"parent,omitempty"`
}

// CaseMedia is a social.Media with a Source: Data, the decoded DataBase64, or
// Bytes bytes of a fixed pattern.
type CaseMedia struct {
	Kind       domain.MediaKind `json:"kind"`
	MIME       string           `json:"mime"`
	Bytes      int64            `json:"bytes"`
	Name       string           `json:"name,omitempty"`
	Width      int              `json:"width,omitempty"`
	Height     int              `json:"height,omitempty"`
	Alt        string           `json:"alt,omitempty"`
	Data       *string          `json:"data,omitempty"`
	DataBase64 string           `json:"dataBase64,omitempty"`
	// PublicURL is the file's address; empty: the host has none.
	PublicURL string `json:"publicURL,omitempty"`
}

// CaseCursor is a social.Cursor in a case.
type CaseCursor struct {
	Next  social.Step     `json:"next"`
	State json.RawMessage `json:"state,omitempty"`
}

// CaseDocument is a document that the host keeps.
type CaseDocument struct {
	Space string          `json:"space"`
	Key   string          `json:"key"`
	At    time.Time       `json:"at,omitzero"`
	Data  json.RawMessage `json:"data"`
}

// Want is what must come of a call. What a call returns must be named here.
type Want struct {
	// Ref is what publish, check, find, edit, repost and resolve return, exactly.
	Ref *social.Ref `json:"ref,omitempty"`
	// Caveat is a part of what publish and check say did not work; absent:
	// everything did.
	Caveat string `json:"caveat,omitempty"`
	// Next, State and After are the cursor that prepare, check and publish
	// return; State and After may be left out.
	Next  social.Step     `json:"next,omitempty"`
	State json.RawMessage `json:"state,omitempty"`
	After string          `json:"after,omitempty"`
	// Code, RetryAfter, Scope ("app" where a limit is the app's; absent: the
	// account's), Message (a part of it) and Existing are the error.
	Code       social.Code      `json:"code,omitempty"`
	RetryAfter string           `json:"retryAfter,omitempty"`
	Scope      social.RateScope `json:"scope,omitempty"`
	Message    string           `json:"message,omitempty"`
	Existing   *social.Ref      `json:"existing,omitempty"`
	// Rates are what the call reports of rate limits, in order; absent: nothing.
	Rates []CaseRate `json:"rates,omitempty"`
	// Metrics are what metrics returns, exactly.
	Metrics social.Metrics `json:"metrics,omitempty"`
	// Choices, Options, Mentions and Series are what choices, options, mentions
	// and account_metrics return, exactly and in order.
	Choices  []CaseConnection `json:"choices,omitempty"`
	Options  []social.Option  `json:"options,omitempty"`
	Mentions []social.Mention `json:"mentions,omitempty"`
	Series   social.Series    `json:"series,omitempty"`
	// Found is what find says, Visible what confirm says.
	Found   *bool `json:"found,omitempty"`
	Visible *bool `json:"visible,omitempty"`
	// Connection is what connect_form and connect_finish return.
	Connection *CaseConnection `json:"connection,omitempty"`
	// Credential is what refresh returns.
	Credential *CaseCredential `json:"credential,omitempty"`
	// Redirect and Keep are what connect_begin returns.
	Redirect string            `json:"redirect,omitempty"`
	Keep     map[string]string `json:"keep,omitempty"`
	// Problems is what validate returns; absent: none.
	Problems []CaseProblem `json:"problems,omitempty"`
	// Limits is a part of what limits returns.
	Limits json.RawMessage `json:"limits,omitempty"`
	// Vault must hold this after the call, whatever else it holds.
	Vault map[string]string `json:"vault,omitempty"`
	// Documents and Files must be kept after the call; a Data of null means
	// that the document must be gone.
	Documents []CaseDocument    `json:"documents,omitempty"`
	Files     map[string]string `json:"files,omitempty"`
}

// CaseConnection is a social.Connection in a case.
type CaseConnection struct {
	Account    string          `json:"account"`
	Name       string          `json:"name"`
	Handle     string          `json:"handle"`
	URL        string          `json:"url"`
	Avatar     string          `json:"avatar"`
	Traits     social.Traits   `json:"traits"`
	Credential *CaseCredential `json:"credential"`
}

// CaseRate is a social.Rate in a case.
type CaseRate struct {
	Scope      social.RateScope `json:"scope"`
	Limit      int              `json:"limit,omitempty"`
	Remaining  int              `json:"remaining"`
	ResetAfter string           `json:"resetAfter,omitempty"`
}

// CaseProblem is a problem in a case.
type CaseProblem struct {
	Field string `json:"field"`
	Rule  string `json:"rule"`
}

func readCases(fsys fs.FS) ([]Case, error) {
	names, err := fs.Glob(fsys, "*.json")
	if err != nil {
		return nil, err
	}
	var out []Case
	var errs []error
	for _, n := range names {
		raw, err := fs.ReadFile(fsys, n)
		if err != nil {
			return nil, err
		}
		c, err := parseCase(strings.TrimSuffix(n, ".json"), raw)
		if err != nil {
			errs = append(errs, fmt.Errorf("case %s: %w", n, err))
		}
		out = append(out, c)
	}
	return out, errors.Join(errs...)
}

func parseCase(name string, raw []byte) (Case, error) {
	raw = bytes.ReplaceAll(raw, []byte("{{canary}}"), []byte(Canary))
	raw = bytes.ReplaceAll(raw, []byte("{{now}}"), []byte(fixedNow))
	c := Case{}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return Case{}, err
	}
	if _, err := d.Token(); err != io.EOF {
		return Case{}, errors.New("there is something after the case")
	}
	c.Name, c.raw = name, raw
	return c, c.faults()
}

// faults are the mistakes of whoever wrote the case.
func (c Case) faults() error {
	var errs []error
	add := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	_, known := calls()[c.Call]
	add(c.Doc == "", "doc is empty: say what the case shows")
	add(!known, "there is no call %q", c.Call)
	add(c.Call == "publish" && c.At.Next == social.StepCheck, "publish cannot start from a cursor that waits for a check")
	add(c.Call == "options" && c.Field == "", "options must name the setting: say field")
	add(c.Call == "account_metrics" && !c.From.Before(c.To), "account_metrics needs the days: say from and to")
	add(c.Call == "check" && c.At.Next == "", `check must start from a cursor: say at.next`)
	durations := []string{c.Want.After, c.Want.RetryAfter}
	for _, r := range c.Want.Rates {
		durations = append(durations, r.ResetAfter)
	}
	for _, d := range durations {
		if _, err := time.ParseDuration(d); d != "" && err != nil {
			errs = append(errs, err)
		}
	}
	for i, m := range c.Item.Media {
		_, err := base64.StdEncoding.DecodeString(m.DataBase64)
		add(err != nil, "item.media[%d].dataBase64: %v", i, err)
	}
	return errors.Join(errs...)
}

func (c Case) target() social.Target {
	t := social.Target{
		Account: "acct-1", Key: "delivery-1.0.1", FirstTry: Now(),
		Credential: social.Credential{Access: Canary, Refresh: Canary},
	}
	if c.Target == nil {
		return t
	}
	set(&t.Account, c.Target.Account)
	set(&t.Key, c.Target.Key)
	set(&t.FirstTry, c.Target.FirstTry)
	t.Traits = c.Target.Traits
	if cr := c.Target.Credential; cr != nil {
		set(&t.Credential.Access, cr.Access)
		set(&t.Credential.Refresh, cr.Refresh)
		t.Credential.Extra = cr.Extra
		if e, err := time.Parse(time.RFC3339, cr.Expiry); err == nil {
			t.Credential.Expiry = e
		}
	}
	return t
}

func set[T any](to *T, v *T) {
	if v != nil {
		*to = *v
	}
}

// item builds the Item; without sources it is what Validate gets.
func (c Case) item(sources bool) social.Item {
	it := social.Item{Text: c.Item.Text, Settings: c.Item.Settings, Root: c.Item.Root, Parent: c.Item.Parent}
	for _, m := range c.Item.Media {
		src := m.source()
		media := social.Media{
			Kind: m.Kind, MIME: m.MIME, Bytes: src.size, Name: m.Name, Width: m.Width, Height: m.Height, Alt: m.Alt,
		}
		if sources {
			media.Source = src
		}
		it.Media = append(it.Media, media)
	}
	return it
}

func (c Case) cursor() social.Cursor {
	return social.Cursor{Next: c.At.Next, State: c.At.State}
}

func (c Case) ref() social.Ref {
	if c.Ref == nil {
		return social.Ref{}
	}
	return *c.Ref
}

// clone shares nothing with c that a provider could change.
func (c Case) clone() Case {
	if c.Target != nil {
		t := *c.Target
		t.Traits = maps.Clone(t.Traits)
		if t.Credential != nil {
			cr := *t.Credential
			cr.Extra = maps.Clone(cr.Extra)
			t.Credential = &cr
		}
		c.Target = &t
	}
	c.Item.Settings = bytes.Clone(c.Item.Settings)
	c.Item.Root, c.Item.Parent, c.Ref = cloneRef(c.Item.Root), cloneRef(c.Item.Parent), cloneRef(c.Ref)
	c.At.State = bytes.Clone(c.At.State)
	c.Values, c.Query, c.Keep = maps.Clone(c.Values), maps.Clone(c.Query), maps.Clone(c.Keep)
	c.Exchanges = slices.Clone(c.Exchanges)
	return c
}

func cloneRef(r *social.Ref) *social.Ref {
	if r == nil {
		return nil
	}
	out := *r
	out.Extra = maps.Clone(r.Extra)
	return &out
}

// works reports whether the case shows a call that succeeds.
func (c Case) works() bool { return c.Want.Code == "" }
