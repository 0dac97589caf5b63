package googlebusiness

import (
	"fmt"
	"strings"
	"time"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/social"
)

// What a post can be.
const (
	topicStandard = "standard"
	topicEvent    = "event"
	topicOffer    = "offer"
)

// actionCall calls the number of the profile: the one action without an address.
const actionCall = "call"

// Settings are the choices an author has for one post.
type Settings struct {
	Topic      string `json:"topicType,omitempty" enum:"standard,event,offer" default:"standard" doc:"What it is: an update, an event, or an offer, which is an event with something to gain."`
	Action     string `json:"callToAction,omitempty" enum:"book,order,shop,learn_more,sign_up,call" doc:"Button below the post. An offer has its own."`
	ActionURL  string `json:"callToActionUrl,omitempty" pattern:"https?://\\S+" maxLength:"2000" doc:"Where the button leads. The button call has none: it calls the number of the profile."`
	EventTitle string `json:"eventTitle,omitempty" maxLength:"58" doc:"Title of the event or offer, which must have one."`
	EventStart string `json:"eventStart,omitempty" pattern:"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}" doc:"When the event or offer begins, such as 2027-05-01T09:00, by the clock of the place."`
	EventEnd   string `json:"eventEnd,omitempty" pattern:"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}" doc:"When it ends, such as 2027-05-02T18:00, by the clock of the place."`
	CouponCode string `json:"couponCode,omitempty" doc:"Code to show at the till or to type in. Only for offers."`
	RedeemURL  string `json:"redeemUrl,omitempty" pattern:"https?://\\S+" maxLength:"2000" doc:"Where the offer can be had online. Only for offers."`
	Terms      string `json:"terms,omitempty" doc:"Terms and conditions. Only for offers."`
	Language   string `json:"languageCode,omitempty" pattern:"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*" doc:"Language of the post, such as en or pt-BR."`
}

func (s Settings) topic() string {
	if s.Topic == "" {
		return topicStandard
	}
	return s.Topic
}

// The smallest photo.
// https://developers.google.com/my-business/reference/rest/v4/accounts.locations.media
const (
	minSide  = 250
	minBytes = 10 << 10
)

// Validate implements social.Provider.
func (*Provider) Validate(it social.Item, _ social.Traits) []social.Problem {
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return []social.Problem{{Field: "settings", Rule: "malformed", Message: social.AsError(err).Message}}
	}
	var out []social.Problem
	add := func(bad bool, field, rule, format string, args ...any) {
		if bad {
			out = append(out, social.Problem{Field: field, Rule: rule, Message: fmt.Sprintf(format, args...)})
		}
	}
	set.checkAction(add)
	set.checkEvent(add)
	for _, m := range it.Media {
		if m.Kind != domain.MediaImage {
			continue
		}
		add(m.Bytes > 0 && m.Bytes < minBytes, "media", "too_small", "A photo for Google has at least 10 KB.")
		add(m.Width > 0 && m.Height > 0 && min(m.Width, m.Height) < minSide, "media", "too_small", "A photo for Google has at least %d pixels on each side.", minSide)
	}
	return out
}

type adder func(bad bool, field, rule, format string, args ...any)

func (s Settings) checkAction(add adder) {
	offers := s.topic() == topicOffer
	add(offers && s.Action != "", "settings.callToAction", "conflict", "An offer has no other button than its own. Use redeemUrl.")
	add(s.Action == "" && s.ActionURL != "", "settings.callToAction", "required", "Choose the button that the address is for.")
	add(s.Action == actionCall && s.ActionURL != "", "settings.callToActionUrl", "conflict", "The button call has no address: it calls the number of the profile.")
	add(s.Action != "" && s.Action != actionCall && s.ActionURL == "", "settings.callToActionUrl", "required", "The button needs an address that it leads to.")
	for _, f := range [][2]string{{"couponCode", s.CouponCode}, {"redeemUrl", s.RedeemURL}, {"terms", s.Terms}} {
		add(!offers && f[1] != "", "settings."+f[0], "needs_offer", "Only an offer has this.")
	}
}

func (s Settings) checkEvent(add adder) {
	if s.topic() == topicStandard {
		for _, f := range [][2]string{{"eventTitle", s.EventTitle}, {"eventStart", s.EventStart}, {"eventEnd", s.EventEnd}} {
			add(f[1] != "", "settings."+f[0], "needs_event", "Only an event or an offer has this.")
		}
		return
	}
	add(strings.TrimSpace(s.EventTitle) == "", "settings.eventTitle", "required", "An event or offer needs a title.")
	start, err := time.Parse(clock, s.EventStart)
	add(err != nil, "settings.eventStart", "required", "An event or offer needs a day and time when it begins, such as 2027-05-01T09:00.")
	end, endErr := time.Parse(clock, s.EventEnd)
	add(endErr != nil, "settings.eventEnd", "required", "An event or offer needs a day and time when it ends, such as 2027-05-02T18:00.")
	add(err == nil && endErr == nil && !end.After(start), "settings.eventEnd", "too_early", "It must end after it begins.")
}

// clock is how days and times are written.
const clock = "2006-01-02T15:04"

// postOf is what Google is asked to make of an item, without its photo.
func postOf(it social.Item) (localPost, Settings, error) {
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return localPost{}, set, err
	}
	out := localPost{Language: set.Language, Summary: it.Text, Topic: strings.ToUpper(set.topic())}
	if set.Action != "" {
		out.Action = &callToAction{Type: strings.ToUpper(set.Action), URL: set.ActionURL}
	}
	if set.topic() == topicStandard {
		return out, set, nil
	}
	start, err := time.Parse(clock, set.EventStart)
	end, endErr := time.Parse(clock, set.EventEnd)
	if err != nil || endErr != nil {
		return localPost{}, set, social.Errorf(social.CodeRejected, "An event or offer needs a day and time when it begins and when it ends.")
	}
	out.Event = &event{Title: set.EventTitle, Schedule: schedule{
		StartDate: dateOf(start), StartTime: timeOfDay{start.Hour(), start.Minute()},
		EndDate: dateOf(end), EndTime: timeOfDay{end.Hour(), end.Minute()},
	}}
	if set.topic() == topicOffer && set.CouponCode+set.RedeemURL+set.Terms != "" {
		out.Offer = &offer{Coupon: set.CouponCode, URL: set.RedeemURL, Terms: set.Terms}
	}
	return out, set, nil
}

func dateOf(t time.Time) date { return date{t.Year(), int(t.Month()), t.Day()} }
