// Package gbusiness plays Google Business Profile, as documented on
// https://developers.google.com/my-business.
package gbusiness

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/crierhq/crier/testkit/simulator"
	"github.com/crierhq/crier/testkit/simulator/google"
)

const (
	platform    = "google-business"
	api         = "mybusiness.googleapis.com"
	accounts    = "mybusinessaccountmanagement.googleapis.com"
	locations   = "mybusinessbusinessinformation.googleapis.com"
	performance = "businessprofileperformance.googleapis.com"
	people      = "www.googleapis.com"
	// own is before the paths of the sign-in: see google.SignIn.
	own = "/business"
	// scope is what every call but that for the person needs.
	scope = "https://www.googleapis.com/auth/business.manage"
	// perPage is how much of a list is told at once, however much is asked for.
	perPage = 2
)

// Kinds of accounts.
const (
	kindAccount  = "account"
	kindLocation = "location"
)

// StandIn plays it.
type StandIn struct{ m *simulator.Mount }

// New returns it without posts.
func New() *StandIn { return &StandIn{} }

// About implements simulator.StandIn.
func (*StandIn) About() simulator.About {
	return simulator.About{Name: "gbusiness", Providers: []string{platform}}
}

// Settings implements simulator.StandIn.
func (*StandIn) Settings(at func(string) string) map[string]string {
	return map[string]string{
		"GOOGLE_BUSINESS_CLIENT_ID": "simulator", "GOOGLE_BUSINESS_CLIENT_SECRET": "simulator-secret",
		"GOOGLE_BUSINESS_AUTH_URL": at("accounts.google.com") + own, "GOOGLE_BUSINESS_TOKEN_URL": at("oauth2.googleapis.com") + own,
		"GOOGLE_BUSINESS_PEOPLE_URL": at(people), "GOOGLE_BUSINESS_API_URL": at(api), "GOOGLE_BUSINESS_ACCOUNTS_URL": at(accounts),
		"GOOGLE_BUSINESS_LOCATIONS_URL": at(locations), "GOOGLE_BUSINESS_PERFORMANCE_URL": at(performance),
	}
}

// Mount implements simulator.StandIn. Everybody has an account with a location of
// a chain, for which apps may not post, and two others.
func (s *StandIn) Mount(m *simulator.Mount) {
	s.m = m
	m.TwoApps(platform)
	google.SignIn(m, platform, own)
	for i, name := range []string{"ann", "bob"} {
		n, title := strconv.Itoa(i+1), strings.ToUpper(name[:1])+name[1:]
		person := m.AddAccount(simulator.Account{Platform: platform, ID: "11800000000000000000" + n, Handle: name, Name: title + " Example"})
		account := m.AddAccount(simulator.Account{Platform: platform, ID: "accounts/10" + n, Handle: name + ".account", Name: person.Name, Kind: kindAccount, Owner: person.ID})
		for j, what := range []string{"chain", "boats", "café"} {
			at := simulator.Account{
				Platform: platform, ID: account.ID + "/locations/20" + n + strconv.Itoa(j), Handle: name + "." + what, Name: title + "'s " + what,
				Kind: kindLocation, Owner: account.ID,
			}
			if what == "chain" {
				at.Extra = map[string]string{"closed": "true"}
			}
			m.AddAccount(at)
		}
	}
	m.Handle("GET "+people+"/oauth2/v3/userinfo", s.as("", s.person))
	m.Handle("GET "+accounts+"/v1/accounts", s.as(scope, s.accounts))
	m.Handle("GET "+locations+"/v1/accounts/{account}/locations", s.as(scope, s.locations))
	m.Handle("GET "+performance+"/v1/locations/{call}", s.as(scope, s.numbers))
	const place = api + "/v4/accounts/{account}/locations/{location}"
	m.Handle("GET "+place+"/media", s.as(scope, s.at(s.media)))
	m.Handle("GET "+place+"/localPosts", s.as(scope, s.at(s.list)))
	m.Handle("POST "+place+"/localPosts", s.as(scope, s.at(s.create)))
	m.Handle("GET "+place+"/localPosts/{post}", s.as(scope, s.at(s.read)))
	m.Handle("PATCH "+place+"/localPosts/{post}", s.as(scope, s.at(s.change)))
	m.Handle("DELETE "+place+"/localPosts/{post}", s.as(scope, s.at(s.remove)))
}

type object = map[string]any

type answer func(w http.ResponseWriter, r *http.Request, t *simulator.Token)

// as lets in whose token is good for a scope.
func (s *StandIn) as(scope string, h answer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		t, why := s.m.Bearer(r, platform)
		switch {
		case why != simulator.Fine:
			s.Refuse(w, r, simulator.TokenExpired)
		case scope != "" && !t.Has(scope):
			fail(w, http.StatusForbidden, "PERMISSION_DENIED", "Request had insufficient authentication scopes.", info("ACCESS_TOKEN_SCOPE_INSUFFICIENT", nil))
		case s.m.Take("google-business/"+t.App, 300, time.Minute).Over():
			s.Refuse(w, r, simulator.RateLimited)
		default:
			h(w, r, t)
		}
	}
}

type atLocation func(w http.ResponseWriter, r *http.Request, t *simulator.Token, at *simulator.Account)

// at finds the location in a path, and counts changes.
func (s *StandIn) at(h atLocation) answer {
	return func(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
		at := s.m.Account(platform, "accounts/"+r.PathValue("account")+"/locations/"+r.PathValue("location"))
		switch {
		case at == nil || at.Kind != kindLocation:
			missing(w)
		case s.m.Account(platform, at.Owner).Owner != t.Account.ID:
			fail(w, http.StatusForbidden, "PERMISSION_DENIED", "The caller does not have permission", nil)
		case r.Method != http.MethodGet && s.m.Take("google-business/"+at.ID, 10, time.Minute).Over():
			fail(w, http.StatusTooManyRequests, "RESOURCE_EXHAUSTED", "Too many edits of this profile.", nil)
		default:
			h(w, r, t, at)
		}
	}
}

// fail answers with an error of Google. https://google.aip.dev/193
func fail(w http.ResponseWriter, code int, status, message string, detail object) {
	out := object{"code": code, "message": message, "status": status}
	if detail != nil {
		out["details"] = []object{detail}
	}
	simulator.JSON(w, code, object{"error": out})
}

func missing(w http.ResponseWriter) {
	fail(w, http.StatusNotFound, "NOT_FOUND", "Requested entity was not found.", nil)
}

func info(reason string, metadata map[string]string) object {
	return object{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com", "metadata": metadata}
}

// invalid answers that a field of a post is wrong.
func invalid(w http.ResponseWriter, code any, field, message string) {
	fail(w, http.StatusBadRequest, "INVALID_ARGUMENT", "Request contains an invalid argument.", object{
		"@type":        "type.googleapis.com/google.mybusiness.v4.ValidationError",
		"errorDetails": []object{{"code": code, "field": field, "message": message}},
	})
}

// Refuse implements simulator.Refuser.
func (*StandIn) Refuse(w http.ResponseWriter, _ *http.Request, kind simulator.Refusal) bool {
	switch kind {
	case simulator.RateLimited:
		fail(w, http.StatusTooManyRequests, "RESOURCE_EXHAUSTED", "Quota exceeded for quota metric 'Requests' and limit 'Requests per minute'.",
			info("RATE_LIMIT_EXCEEDED", map[string]string{"quota_limit": "DefaultRequestsPerMinutePerProject", "quota_limit_value": "300"}))
	case simulator.TokenExpired, simulator.TokenRevoked:
		fail(w, http.StatusUnauthorized, "UNAUTHENTICATED", "Request had invalid authentication credentials.", nil)
	case simulator.Unavailable:
		fail(w, http.StatusServiceUnavailable, "UNAVAILABLE", "The service is currently unavailable.", nil)
	case simulator.Rejected:
		invalid(w, 2, "summary", "The summary is not valid.")
	default:
		return false
	}
	return true
}

func (s *StandIn) person(w http.ResponseWriter, _ *http.Request, t *simulator.Token) {
	simulator.JSON(w, http.StatusOK, object{"sub": t.Account.ID, "name": t.Account.Name, "picture": s.m.Avatar(t.Account)})
}

// page answers with a part of a list: at most most of it.
func page(w http.ResponseWriter, r *http.Request, name string, all []object, most int) {
	from, err := strconv.Atoi(r.URL.Query().Get("pageToken"))
	if r.URL.Query().Get("pageToken") != "" && (err != nil || from < 0 || from > len(all)) {
		fail(w, http.StatusBadRequest, "INVALID_ARGUMENT", "The page token is not valid.", nil)
		return
	}
	out := object{}
	to := min(from+most, len(all))
	if to > from {
		out[name] = all[from:to]
	}
	if to < len(all) {
		out["nextPageToken"] = strconv.Itoa(to)
	}
	simulator.JSON(w, http.StatusOK, out)
}

func (s *StandIn) accounts(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	all := []object{}
	for _, a := range s.m.Accounts(platform, kindAccount, t.Account.ID) {
		all = append(all, object{"name": a.ID, "accountName": a.Name, "type": "PERSONAL", "role": "PRIMARY_OWNER", "verificationState": "UNVERIFIED", "vettedState": "NOT_VETTED"})
	}
	page(w, r, "accounts", all, perPage)
}

func (s *StandIn) locations(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	a := s.m.Account(platform, "accounts/"+r.PathValue("account"))
	switch {
	case a == nil || a.Kind != kindAccount || a.Owner != t.Account.ID:
		fail(w, http.StatusForbidden, "PERMISSION_DENIED", "The caller does not have permission", nil)
		return
	case r.URL.Query().Get("readMask") == "":
		fail(w, http.StatusBadRequest, "INVALID_ARGUMENT", "The read mask is required.", nil)
		return
	}
	all := []object{}
	for _, at := range s.m.Accounts(platform, kindLocation, a.ID) {
		name := strings.TrimPrefix(at.ID, a.ID+"/")
		meta := object{"placeId": "ChIJ" + name[len("locations/"):], "mapsUri": "https://maps.google.com/maps?cid=" + name[len("locations/"):], "hasVoiceOfMerchant": true}
		if at.Extra["closed"] != "" {
			meta["canOperateLocalPost"] = false
		}
		all = append(all, object{
			"name": name, "title": at.Name, "metadata": meta,
			"storefrontAddress": object{"regionCode": "GB", "locality": "Bristol", "postalCode": "BS1 4RN", "addressLines": []string{"1 Harbour Street"}},
		})
	}
	page(w, r, "locations", all, perPage)
}

func (s *StandIn) media(w http.ResponseWriter, r *http.Request, _ *simulator.Token, at *simulator.Account) {
	page(w, r, "mediaItems", []object{
		{"name": at.ID + "/media/1", "mediaFormat": "PHOTO", "locationAssociation": object{"category": "LOGO"}, "googleUrl": s.m.Avatar(at)},
	}, perPage)
}

// late is for how long nothing is told of a day.
const late = 3 * 24 * time.Hour

// numbers tells what happened on the days that are asked for.
func (s *StandIn) numbers(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	id, call, _ := strings.Cut(r.PathValue("call"), ":")
	mine := func(a *simulator.Account) bool { return s.m.Account(platform, a.ID+"/locations/"+id) != nil }
	if call != "fetchMultiDailyMetricsTimeSeries" || !slices.ContainsFunc(s.m.Accounts(platform, kindAccount, t.Account.ID), mine) {
		missing(w)
		return
	}
	q := r.URL.Query()
	from, to := dayOf(q.Get, "startDate"), dayOf(q.Get, "endDate")
	now := s.m.Now().UTC()
	if to.Before(from) || to.After(now) || from.Before(now.AddDate(0, -18, -1)) || len(q["dailyMetrics"]) == 0 {
		fail(w, http.StatusBadRequest, "INVALID_ARGUMENT", "Request contains an invalid argument.", nil)
		return
	}
	series := []object{}
	for _, metric := range q["dailyMetrics"] {
		values := []object{}
		for day := from; !day.After(to); day = day.AddDate(0, 0, 1) {
			v := object{"date": object{"year": day.Year(), "month": int(day.Month()), "day": day.Day()}}
			if n := (day.YearDay()*7 + len(metric)) % 50; n > 0 && day.Before(now.Add(-late)) {
				v["value"] = strconv.Itoa(n)
			}
			values = append(values, v)
		}
		series = append(series, object{"dailyMetric": metric, "timeSeries": object{"datedValues": values}})
	}
	simulator.JSON(w, http.StatusOK, object{"multiDailyMetricTimeSeries": []object{{"dailyMetricTimeSeries": series}}})
}

// dayOf reads a day of a query; zero: it cannot be read.
func dayOf(get func(string) string, name string) time.Time {
	year, err1 := strconv.Atoi(get("dailyRange." + name + ".year"))
	month, err2 := strconv.Atoi(get("dailyRange." + name + ".month"))
	day, err3 := strconv.Atoi(get("dailyRange." + name + ".day"))
	if err1 != nil || err2 != nil || err3 != nil {
		return time.Time{}
	}
	return time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
}
