// Package linkedin plays LinkedIn, for members and for pages, as documented on
// https://learn.microsoft.com/en-us/linkedin/marketing/community-management/.
package linkedin

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/crierhq/crier/testkit/simulator"
)

const (
	members = "linkedin"
	pages   = "linkedin-page"
	api     = "api.linkedin.com"
	web     = "www.linkedin.com"
)

// What LinkedIn allows. https://learn.microsoft.com/en-us/linkedin/marketing/community-management/shares/posts-api
const (
	maxText    = 3000
	maxComment = 1250
	posts      = 150 // a day
	day        = 24 * time.Hour
	remembered = 30 * time.Minute // how long the same content is refused; LinkedIn does not say
)

// StandIn plays LinkedIn.
type StandIn struct{ m *simulator.Mount }

// New returns LinkedIn without posts.
func New() *StandIn { return &StandIn{} }

// About implements simulator.StandIn.
func (*StandIn) About() simulator.About {
	return simulator.About{Name: members, Providers: []string{members, pages}}
}

// Settings implements simulator.StandIn.
func (*StandIn) Settings(at func(string) string) map[string]string {
	return map[string]string{
		"LINKEDIN_CLIENT_ID": "simulator", "LINKEDIN_CLIENT_SECRET": "simulator-secret",
		"LINKEDIN_API_URL": at(api), "LINKEDIN_WEB_URL": at(web),
		"LINKEDIN_SCOPES": "openid profile w_member_social r_member_postAnalytics",
	}
}

// Mount implements simulator.StandIn. Each person has a page.
func (s *StandIn) Mount(m *simulator.Mount) {
	s.m = m
	m.TwoApps(members)
	m.AddAccount(simulator.Account{Platform: members, ID: "annExample1", Handle: "ann", Name: "Ann Example"})
	m.AddAccount(simulator.Account{Platform: members, ID: "bobExample2", Handle: "bob", Name: "Bob Example"})
	m.AddAccount(simulator.Account{Platform: pages, ID: "5001", Handle: "ann", Name: "Ann's Boats", Kind: "page", Owner: "annExample1"})
	m.AddAccount(simulator.Account{Platform: pages, ID: "5002", Handle: "bob", Name: "Bob's Bikes", Kind: "page", Owner: "bobExample2"})
	m.OAuth2(simulator.OAuth2{
		Platform: members, Authorize: web + "/oauth/v2/authorization", Token: web + "/oauth/v2/accessToken",
		Access: 60 * day, Refresh: 365 * day,
	})
	handle := func(pattern string, h func(http.ResponseWriter, *http.Request, *simulator.Token)) {
		method, path, _ := strings.Cut(pattern, " ")
		m.Handle(method+" "+api+path, s.signed(h))
	}
	handle("GET /v2/userinfo", s.userinfo)
	handle("GET /v2/me", s.me)
	handle("GET /rest/organizationAcls", s.roles)
	handle("GET /rest/organizations", s.organizations)
	handle("GET /rest/posts", s.list)
	handle("POST /rest/posts", s.create)
	handle("GET /rest/posts/{urn}", s.read)
	handle("POST /rest/posts/{urn}", s.change)
	handle("DELETE /rest/posts/{urn}", s.remove)
	handle("GET /rest/socialActions/{urn}/comments", s.comments)
	handle("POST /rest/socialActions/{urn}/comments", s.comment)
	handle("GET /rest/socialActions/{urn}/comments/{id}", s.readComment)
	handle("POST /rest/socialActions/{urn}/comments/{id}", s.changeComment)
	handle("DELETE /rest/socialActions/{urn}/comments/{id}", s.removeComment)
	handle("GET /rest/memberCreatorPostAnalytics", s.memberNumbers)
	handle("GET /rest/organizationalEntityShareStatistics", s.pageNumbers)
	handle("GET /rest/organizationPageStatistics", s.visits)
	handle("GET /rest/networkSizes/{urn}", s.followers)
	for _, kind := range []string{"images", "videos", "documents"} {
		handle("POST /rest/"+kind, s.upload)
		handle("GET /rest/"+kind+"/{urn}", s.file)
	}
	handle("GET /rest/images", s.logos)
	m.Handle("PUT "+web+"/dms-uploads/{id}/{part}", s.bytes)
}

type object = map[string]any

func fail(w http.ResponseWriter, status, number int, code, message string) {
	simulator.JSON(w, status, object{"status": status, "serviceErrorCode": number, "code": code, "message": message})
}

// invalid says what is wrong with a request.
func invalid(w http.ResponseWriter, why string) {
	simulator.JSON(w, http.StatusBadRequest, object{
		"status": http.StatusBadRequest, "errorDetailType": "com.linkedin.common.error.BadRequest", "message": "One or more errors during input validation",
		"errorDetails": object{"inputErrors": []object{{"description": why, "code": "INVALID", "input": object{}}}},
	})
}

func missing(w http.ResponseWriter) {
	fail(w, http.StatusNotFound, 0, "NOT_FOUND", "The entity is not found")
}

// Refuse implements simulator.Refuser.
func (*StandIn) Refuse(w http.ResponseWriter, _ *http.Request, kind simulator.Refusal) bool {
	switch kind {
	case simulator.RateLimited:
		fail(w, http.StatusTooManyRequests, 0, "TOO_MANY_REQUESTS", "Too many requests")
	case simulator.QuotaGone:
		fail(w, http.StatusTooManyRequests, 101, "TOO_MANY_REQUESTS", "Resource level throttle MEMBER DAY limit for calls to this resource is reached.")
	case simulator.TokenExpired:
		fail(w, http.StatusUnauthorized, 65602, "EXPIRED_ACCESS_TOKEN", "The token used in the request has expired")
	case simulator.TokenRevoked:
		fail(w, http.StatusUnauthorized, 65601, "REVOKED_ACCESS_TOKEN", "The token used in the request has been revoked by the user")
	case simulator.Unavailable:
		fail(w, http.StatusServiceUnavailable, 0, "SERVICE_UNAVAILABLE", "Service unavailable")
	case simulator.Duplicate:
		duplicate(w, "urn:li:share:1")
	case simulator.Rejected:
		invalid(w, "The post is against the professional community policies")
	default:
		return false
	}
	return true
}

func duplicate(w http.ResponseWriter, urn string) {
	simulator.JSON(w, http.StatusUnprocessableEntity, object{
		"status": http.StatusUnprocessableEntity, "errorDetailType": "com.linkedin.common.error.BadRequest",
		"message":      "com.linkedin.content.common.exception.BadRequestResponseException: Content is a duplicate of " + urn,
		"errorDetails": object{"inputErrors": []object{{"description": "Duplicate post is detected", "code": "DUPLICATE_POST", "input": object{}}}},
	})
}

// signed lets in who has a token and, in the versioned API, names a version.
func (s *StandIn) signed(h func(http.ResponseWriter, *http.Request, *simulator.Token)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token, why := s.m.Bearer(r, members)
		switch {
		case why == simulator.Expired:
			s.Refuse(w, r, simulator.TokenExpired)
		case why == simulator.Revoked:
			s.Refuse(w, r, simulator.TokenRevoked)
		case why != simulator.Fine:
			fail(w, http.StatusUnauthorized, 65600, "INVALID_ACCESS_TOKEN", "Invalid access token")
		case strings.HasPrefix(r.URL.Path, "/rest/") && len(r.Header.Get("Linkedin-Version")) < 6:
			fail(w, http.StatusBadRequest, 0, "VERSION_MISSING", "A version must be present. Please specify a version by adding the LinkedIn-Version header.")
		default:
			h(w, r, token)
		}
	}
}

// acts finds the account that the bearer of a token may act for by its URN; nil:
// it may not, which was answered.
func (s *StandIn) acts(w http.ResponseWriter, t *simulator.Token, urn string) *simulator.Account {
	if urn == "urn:li:person:"+t.Account.ID && t.Has("w_member_social") {
		return t.Account
	}
	id, ok := strings.CutPrefix(urn, "urn:li:organization:")
	if a := s.m.Account(pages, id); ok && a != nil && a.Owner == t.Account.ID && t.Has("w_organization_social") {
		return a
	}
	fail(w, http.StatusForbidden, 100, "ACCESS_DENIED", "Not enough permissions to act for "+urn)
	return nil
}

func urnOf(a *simulator.Account) string {
	if a.Platform == pages {
		return "urn:li:organization:" + a.ID
	}
	return "urn:li:person:" + a.ID
}

func (s *StandIn) userinfo(w http.ResponseWriter, _ *http.Request, t *simulator.Token) {
	simulator.JSON(w, http.StatusOK, object{"sub": t.Account.ID, "name": t.Account.Name, "picture": s.m.Avatar(t.Account)})
}

func (*StandIn) me(w http.ResponseWriter, _ *http.Request, t *simulator.Token) {
	first, last, _ := strings.Cut(t.Account.Name, " ")
	simulator.JSON(w, http.StatusOK, object{"id": t.Account.ID, "localizedFirstName": first, "localizedLastName": last, "vanityName": t.Account.Handle})
}

func (s *StandIn) roles(w http.ResponseWriter, _ *http.Request, t *simulator.Token) {
	found := []object{}
	for _, a := range s.m.Accounts(pages, "page", t.Account.ID) {
		found = append(found, object{"roleAssignee": urnOf(t.Account), "role": "ADMINISTRATOR", "state": "APPROVED", "organization": urnOf(a)})
	}
	simulator.JSON(w, http.StatusOK, object{"elements": found})
}

// organizations answers by ids, and by the name in an address.
func (s *StandIn) organizations(w http.ResponseWriter, r *http.Request, _ *simulator.Token) {
	one := func(a *simulator.Account) object {
		return object{"id": number(a.ID), "localizedName": a.Name, "vanityName": a.Handle, "logoV2": object{"original": "urn:li:digitalmediaAsset:" + a.ID}}
	}
	q := r.URL.Query()
	if q.Get("q") == "vanityName" {
		found := []object{}
		for _, a := range s.m.Accounts(pages, "page", "") {
			if a.Handle == q.Get("vanityName") {
				found = append(found, one(a))
			}
		}
		simulator.JSON(w, http.StatusOK, object{"elements": found})
		return
	}
	found := object{}
	for _, id := range elements(q.Get("ids")) {
		if a := s.m.Account(pages, id); a != nil {
			found[id] = one(a)
		}
	}
	simulator.JSON(w, http.StatusOK, object{"results": found, "statuses": object{}, "errors": object{}})
}

func (s *StandIn) logos(w http.ResponseWriter, r *http.Request, _ *simulator.Token) {
	found := object{}
	for _, urn := range elements(r.URL.Query().Get("ids")) {
		if a := s.m.Account(pages, strings.TrimPrefix(urn, "urn:li:image:")); a != nil {
			found[urn] = object{"id": urn, "status": "AVAILABLE", "downloadUrl": s.m.Avatar(a)}
		}
	}
	simulator.JSON(w, http.StatusOK, object{"results": found})
}

// elements are those of "List(a,b)".
func elements(list string) []string {
	list = strings.TrimSuffix(strings.TrimPrefix(list, "List("), ")")
	return slices.DeleteFunc(strings.Split(list, ","), func(s string) bool { return s == "" })
}
