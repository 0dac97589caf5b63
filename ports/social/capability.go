package social

import (
	"context"
	"encoding/json"
	"time"
)

// The interfaces below are optional. A provider has a capability exactly when
// it implements the interface; there is no second place to declare it. At
// least one of RedirectConnector and FormConnector is demanded.

// RedirectConnector connects an account through a page of the platform.
type RedirectConnector interface {
	// RedirectForm describes what must be asked for before the redirect, such
	// as the address of the account's server. It may be the zero Schema.
	RedirectForm() Schema
	// BeginConnect returns where to send the person. It may be repeated.
	BeginConnect(ctx context.Context, in ConnectRequest) (Redirect, error)
	// FinishConnect turns what came back into a connection. It is called once
	// for each Redirect.
	FinishConnect(ctx context.Context, in Callback) (Connection, error)
}

// FormConnector connects an account from values that a person types in.
type FormConnector interface {
	// ConnectForm describes the values.
	ConnectForm() Schema
	// ConnectWith checks the values with the platform. It may be repeated.
	ConnectWith(ctx context.Context, values Values) (Connection, error)
}

// Refresher renews a credential. A provider whose tokens cannot be renewed
// does not implement it.
type Refresher interface {
	// Refresh returns the new credential. Fields that the platform did not send
	// must be carried over from c: an empty new refresh token never replaces an
	// old one. CodeAuthRevoked means that a person must connect again; every
	// other code means that c may still be good.
	Refresh(ctx context.Context, t Target) (Credential, error)
}

// Revoker gives a credential back when its channel is disconnected.
type Revoker interface {
	// Revoke may be repeated. Its failure does not keep a channel connected.
	Revoke(ctx context.Context, t Target) error
}

// Preparer splits a publication where the platform does: uploads and
// containers first, the visible change last.
type Preparer interface {
	// Prepare does all that the public cannot see. It may be repeated from the
	// start. The Cursor it returns says what is next: StepPublish when all is
	// ready, StepCheck when the platform needs time.
	Prepare(ctx context.Context, t Target, it Item) (Cursor, error)
	// Check only reads. It may be repeated. Before Publish it returns a Cursor;
	// once a Publish has taken effect it must say so with a Ref.
	Check(ctx context.Context, t Target, at Cursor) (Outcome, error)
}

// Finder looks for an item whose publication ended in CodeOutcomeUnknown.
type Finder interface {
	// Find only reads, and may be repeated. It returns nil if the item is not
	// seen; that is no proof that it is not there, or will not come.
	Find(ctx context.Context, t Target, it Item) (*Ref, error)
}

// Confirmer reads a published item back.
type Confirmer interface {
	// Confirm only reads, and may be repeated. It reports whether the public
	// can see the item.
	Confirm(ctx context.Context, t Target, ref Ref) (bool, error)
}

// Editor changes a published item in place.
type Editor interface {
	// Edit replaces the item at ref. It may be repeated: the same arguments
	// give the same item.
	Edit(ctx context.Context, t Target, ref Ref, it Item) (Ref, error)
}

// Deleter takes a published item away.
type Deleter interface {
	// Delete may be repeated: an item that is gone already is no error.
	Delete(ctx context.Context, t Target, ref Ref) error
}

// Reposter shows a published item to the followers of another account.
type Reposter interface {
	// Repost makes the account of t repost the item at ref, which is as that
	// account sees it: see Resolver. The same call made again must change
	// nothing, either because an account can repost an item only once or
	// because the repost's id comes from t.Key and t.FirstTry; so it may be
	// repeated after a lost answer, CodeOutcomeUnknown. It returns where the
	// repost is, or ref where a repost has no place of its own. CodeRejected:
	// the item is gone, or must not be reposted.
	Repost(ctx context.Context, t Target, ref Ref) (Ref, error)
}

// Meter counts how people react to a published item.
type Meter interface {
	// Metrics only reads, and may be repeated. It returns what the platform
	// tells; a Metric that is missing is not known, and not zero. CodeRejected:
	// the item is gone.
	Metrics(ctx context.Context, t Target, ref Ref) (Metrics, error)
}

// Resolver finds an item where another account sees it, to answer or to repost
// it from there: on networks of many servers each has its own id for it.
type Resolver interface {
	// Resolve turns the Ref that the publishing account got, or one that holds
	// nothing but the item's link, into one for the account of t. The public
	// sees nothing of it, and it may be repeated. CodeUnavailable: the item is
	// not seen from there yet. CodeRejected: it is gone, or ref is no item of
	// this platform.
	Resolve(ctx context.Context, t Target, ref Ref) (Ref, error)
}

// Chooser is for platforms where one sign-in leads to several places that can
// be published to, such as pages, boards or servers. FinishConnect and
// ConnectWith then return the person who signed in, who is no channel.
type Chooser interface {
	// Choices lists the places as they are stored once a person picks them,
	// each with an Account of its own and with the credential that publishes
	// there. It only reads, and may be repeated. An empty list is an error that
	// says what the person lacks: CodeRejected.
	Choices(ctx context.Context, signedIn Connection) ([]Connection, error)
}

// OptionLister knows what a setting may be that only the platform knows, such as
// a board or a playlist: the fields of Descriptor.Settings with the tag lookup.
type OptionLister interface {
	// Options only reads, and may be repeated. It returns at most MaxOptions, the
	// most likely first. What it returns is a help: a value that is not among
	// them may be valid as well.
	Options(ctx context.Context, t Target, q OptionQuery) ([]Option, error)
}

// Mentioner finds whom an author may mention.
type Mentioner interface {
	// Mentions only reads, and may be repeated. It returns at most MaxOptions,
	// the most likely first.
	Mentions(ctx context.Context, t Target, search string) ([]Mention, error)
}

// AccountMeter counts what the platform tells of an account as a whole.
type AccountMeter interface {
	// AccountMetrics only reads, and may be repeated. It returns what the
	// platform tells of the days of p; a Metric or a day that is missing is not
	// known, and not zero.
	AccountMetrics(ctx context.Context, t Target, p Period) (Series, error)
}

// Limiter has limits that differ from account to account.
type Limiter interface {
	// LimitsFor returns the limits of an account. It is pure.
	LimitsFor(tr Traits) Limits
}

// Values are what a person typed into a form, checked against its Schema.
type Values map[string]string

// ConnectRequest starts a RedirectConnector flow.
type ConnectRequest struct {
	// Callback is where the platform must send the person back to.
	Callback string
	// State must come back as the query parameter "state". It cannot be guessed.
	State string
	// Values answer RedirectForm.
	Values Values
}

// Redirect says where to send the person, and what FinishConnect needs to know
// when they are back. The host seals Keep until then.
type Redirect struct {
	URL  string
	Keep map[string]string
}

// Callback is what the platform sent back. The host has checked the state.
type Callback struct {
	// Callback is the address that was given in ConnectRequest.
	Callback string
	// Query holds the parameters that came back, without "state".
	Query map[string]string
	// Keep is the Keep of the Redirect.
	Keep map[string]string
}

// Connection is an account ready to be stored.
type Connection struct {
	// Account is the platform's own id, unique among all its accounts. It never
	// changes, also when the person renames the account.
	Account string
	Name    string
	// Handle is how people address the account, such as "@ann@example.social".
	Handle string
	// URL is where people see the account, and Avatar its picture; both may be
	// empty, and neither is fetched to connect.
	URL, Avatar string
	Traits      Traits
	Credential  Credential
}

// MaxOptions is the most that one look-up returns.
const MaxOptions = 100

// OptionQuery asks for the values of one setting.
type OptionQuery struct {
	// Field is the path of the setting, such as "board".
	Field string
	// Search is what was typed so far; empty: whatever comes first.
	Search string
	// Settings are the others that were chosen already: a flair depends on its
	// community.
	Settings json.RawMessage
}

// Option is a value of a setting, with what people call it.
type Option struct {
	Value string `json:"value"`
	Label string `json:"label"`
	// Detail tells apart what has the same label; it may be empty.
	Detail string `json:"detail,omitempty"`
}

// Mention is somebody who can be mentioned.
type Mention struct {
	// Text is what to put into the text of the item, in its markup.
	Text string `json:"text"`
	Name string `json:"name"`
	// Handle, URL and Avatar may be empty.
	Handle string `json:"handle,omitempty"`
	URL    string `json:"url,omitempty"`
	Avatar string `json:"avatar,omitempty"`
}

// Period is a number of whole days in UTC: from From up to and without To.
type Period struct{ From, To time.Time }

// Today is the day of now, and whether p has it. Many platforms only tell what an
// account has now.
func (p Period) Today(now time.Time) (day time.Time, in bool) {
	day = now.UTC().Truncate(24 * time.Hour)
	return day, !day.Before(p.From) && day.Before(p.To)
}

// Series are numbers over days, oldest first.
type Series map[Metric][]Point

// Add puts the number of a day at the end of a metric. Nil and what is below
// zero is not known, and left out.
func (s Series) Add(m Metric, day time.Time, n *int64) {
	if n != nil && *n >= 0 {
		s[m] = append(s[m], Point{Day: day, Value: *n})
	}
}

// Point is a number of one day. Of what an account has, such as followers, it
// is how many there were; of what happens, how often it happened on that day.
type Point struct {
	Day   time.Time `json:"day"`
	Value int64     `json:"value"`
}

// Metric names a kind of reaction.
type Metric string

// The metrics that platforms tell.
const (
	MetricLikes     Metric = "likes"
	MetricReposts   Metric = "reposts"
	MetricReplies   Metric = "replies"
	MetricQuotes    Metric = "quotes"
	MetricBookmarks Metric = "bookmarks"
	MetricViews     Metric = "views"
	MetricClicks    Metric = "clicks"
	// MetricReach counts the people who saw it, however often.
	MetricReach Metric = "reach"
	// MetricWatched is how long it was watched, in seconds.
	MetricWatched Metric = "watched"
	// MetricFollowers counts the followers of an account.
	MetricFollowers Metric = "followers"
	// MetricVisits counts the visits of an account's own page.
	MetricVisits Metric = "visits"
)

// AllMetrics lists every Metric, for exhaustive tables and their tests.
func AllMetrics() []Metric {
	return []Metric{
		MetricLikes, MetricReposts, MetricReplies, MetricQuotes, MetricBookmarks, MetricViews, MetricClicks,
		MetricReach, MetricWatched, MetricFollowers, MetricVisits,
	}
}

// Metrics are the numbers that are known of an item, none below zero.
type Metrics map[Metric]int64

// Capabilities is what a provider can do beyond Provider. A nil field means
// that the platform, or our adapter, cannot do it.
type Capabilities struct {
	Redirect RedirectConnector
	Form     FormConnector
	Refresh  Refresher
	Revoke   Revoker
	Prepare  Preparer
	Find     Finder
	Confirm  Confirmer
	Edit     Editor
	Delete   Deleter
	Repost   Reposter
	Meter    Meter
	Resolve  Resolver
	Limit    Limiter
	Site     Site
	Choose   Chooser
	Options  OptionLister
	Mention  Mentioner
	Account  AccountMeter
}

// CapabilitiesOf looks once at what p implements. It is the only place in the
// program that type-asserts a Provider.
func CapabilitiesOf(p Provider) Capabilities {
	if a, ok := p.(anotherApp); ok {
		return CapabilitiesOf(a.Provider)
	}
	var c Capabilities
	c.Redirect, _ = p.(RedirectConnector)
	c.Form, _ = p.(FormConnector)
	c.Refresh, _ = p.(Refresher)
	c.Revoke, _ = p.(Revoker)
	c.Prepare, _ = p.(Preparer)
	c.Find, _ = p.(Finder)
	c.Confirm, _ = p.(Confirmer)
	c.Edit, _ = p.(Editor)
	c.Delete, _ = p.(Deleter)
	c.Repost, _ = p.(Reposter)
	c.Meter, _ = p.(Meter)
	c.Resolve, _ = p.(Resolver)
	c.Limit, _ = p.(Limiter)
	c.Site, _ = p.(Site)
	c.Choose, _ = p.(Chooser)
	c.Options, _ = p.(OptionLister)
	c.Mention, _ = p.(Mentioner)
	c.Account, _ = p.(AccountMeter)
	return c
}

// Names lists the capabilities present, sorted, for the API and the docs.
func (c Capabilities) Names() []string {
	var out []string
	for _, e := range []struct {
		name string
		has  bool
	}{
		{"account_metrics", c.Account != nil},
		{"choose", c.Choose != nil},
		{"confirm", c.Confirm != nil},
		{"connect_form", c.Form != nil},
		{"connect_redirect", c.Redirect != nil},
		{"delete", c.Delete != nil},
		{"edit", c.Edit != nil},
		{"find", c.Find != nil},
		{"limits_by_account", c.Limit != nil},
		{"mentions", c.Mention != nil},
		{"metrics", c.Meter != nil},
		{"options", c.Options != nil},
		{"prepare", c.Prepare != nil},
		{"refresh", c.Refresh != nil},
		{"repost", c.Repost != nil},
		{"resolve", c.Resolve != nil},
		{"revoke", c.Revoke != nil},
		{"site", c.Site != nil},
	} {
		if e.has {
			out = append(out, e.name)
		}
	}
	return out
}

// LimitsFor returns the limits of an account: those of the provider that d
// describes, or its own where they differ from account to account.
func (c Capabilities) LimitsFor(d Descriptor, tr Traits) Limits {
	if c.Limit != nil {
		return c.Limit.LimitsFor(tr)
	}
	return d.Limits
}
