package feed

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
)

// form is what a person fills in to open a feed.
type form struct {
	Title       string `json:"title" required:"true" maxLength:"100" doc:"What the feed is called."`
	Description string `json:"description,omitempty" maxLength:"500" doc:"What the feed is about."`
	Author      string `json:"author,omitempty" maxLength:"100" doc:"Who writes it. Without a name, the title stands for it."`
	Language    string `json:"language,omitempty" pattern:"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*" doc:"Its language, such as en or pt-BR."`
	HomePage    string `json:"homePage,omitempty" maxLength:"500" pattern:"https?://[^/\\s]+\\S*" doc:"Your own site, which the feed links to."`
	Hub         string `json:"hub,omitempty" maxLength:"500" pattern:"https://[^/\\s]+\\S*" doc:"A WebSub hub that tells readers of new entries at once."`
}

// about is what is known of a feed. It is stored beside the channel as well, so
// that the pages can be shown by whoever asks for them.
type about struct {
	Title       string    `json:"title"`
	Description string    `json:"description,omitempty"`
	Author      string    `json:"author,omitempty"`
	Language    string    `json:"language,omitempty"`
	HomePage    string    `json:"homePage,omitempty"`
	Hub         string    `json:"hub,omitempty"`
	CreatedAt   time.Time `json:"createdAt"`
	// ChangedAt is when an entry came, changed or went last.
	ChangedAt time.Time `json:"changedAt"`
}

// ConnectForm implements social.FormConnector.
func (*Provider) ConnectForm() social.Schema { return social.SchemaOf[form]() }

// ConnectWith implements social.FormConnector. It opens a new feed each time;
// one that no channel was made for stays empty, and nobody knows its address.
func (p *Provider) ConnectWith(ctx context.Context, values social.Values) (social.Connection, error) {
	if err := ended(ctx); err != nil {
		return social.Connection{}, err
	}
	traits := social.Traits{}
	for name, v := range values {
		if v = line(v); v != "" {
			traits[name] = v
		}
	}
	if traits["title"] == "" {
		return social.Connection{}, social.Errorf(social.CodeRejected, "The feed needs a title.")
	}
	for name, schemes := range map[string][]string{"homePage": {"https", "http"}, "hub": {"https"}} {
		if v, given := traits[name]; given && !isWebAddress(v, schemes) {
			return social.Connection{}, social.Errorf(social.CodeRejected, "The address %q is not valid.", v)
		}
	}
	account := p.deps.NewID()
	if !isAccount(account) {
		return social.Connection{}, social.Errorf(social.CodeUnsupported, "This server makes ids that cannot be part of an address.")
	}
	if _, err := p.open(ctx, account, traits); err != nil {
		return social.Connection{}, err
	}
	return social.Connection{
		Account: account, Name: traits["title"], URL: p.Home(account).String(), Traits: traits,
	}, nil
}

func isWebAddress(v string, schemes []string) bool {
	u, err := url.Parse(v)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || strings.ContainsAny(v, "<>\"\\") {
		return false // the marks would end the address where it is shown
	}
	return slices.Contains(schemes, u.Scheme)
}

// open stores what is known of a feed, unless that was done before, and
// returns what is stored.
func (p *Provider) open(ctx context.Context, account string, tr social.Traits) (about, error) {
	now := domain.Instant(p.deps.Now())
	a := about{
		Title: tr["title"], Description: tr["description"], Author: tr["author"], Language: tr["language"],
		HomePage: tr["homePage"], Hub: tr["hub"], CreatedAt: now, ChangedAt: now,
	}
	if a.Title == "" {
		a.Title = "Feed"
	}
	raw, err := json.Marshal(a)
	if err != nil {
		return about{}, writeError(err)
	}
	d, err := p.deps.Hosting.Documents.Put(ctx, domain.Document{Space: aboutSpace(account), Key: aboutKey, At: now, Data: raw})
	if err != nil {
		return about{}, writeError(err)
	}
	if err := json.Unmarshal(d.Data, &a); err != nil {
		return about{}, readError(err)
	}
	return a, nil
}

// touch notes that the feed changed, so that readers who ask by date alone
// learn of it. It is not worth failing for: the entry itself is stored.
func (p *Provider) touch(ctx context.Context, account string, a about) {
	last := a.ChangedAt
	a.ChangedAt = domain.Instant(p.deps.Now())
	// Dates of HTTP have seconds only, and two changes must never look like one.
	if least := last.Truncate(time.Second).Add(time.Second); a.ChangedAt.Before(least) {
		a.ChangedAt = least
	}
	raw, err := json.Marshal(a)
	if err == nil {
		err = p.deps.Hosting.Documents.Replace(ctx, domain.Document{Space: aboutSpace(account), Key: aboutKey, At: a.CreatedAt, Data: raw})
	}
	if err != nil {
		p.deps.Log.WarnContext(ctx, "feed: the time of the last change was not stored", "account", account, "error", err)
	}
}
