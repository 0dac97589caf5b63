package config

import (
	"maps"
	"net/url"
	"slices"
	"strings"
)

// checkSignIn notes services that are half set up, and an issuer that cannot be
// one.
func (l *loader) checkSignIn(s SignIn) {
	l.checkTogether(map[string]string{"AUTH_GITHUB_CLIENT_ID": s.GitHubID, "AUTH_GITHUB_CLIENT_SECRET": string(s.GitHubSecret)})
	l.checkTogether(map[string]string{"AUTH_GOOGLE_CLIENT_ID": s.GoogleID, "AUTH_GOOGLE_CLIENT_SECRET": string(s.GoogleSecret)})
	l.checkTogether(map[string]string{
		"AUTH_OIDC_ISSUER": s.OIDCIssuer, "AUTH_OIDC_CLIENT_ID": s.OIDCID, "AUTH_OIDC_CLIENT_SECRET": string(s.OIDCSecret),
	})
	if s.OIDCIssuer != "" {
		l.checkIssuer(s.OIDCIssuer)
	}
}

// checkTogether notes which settings are missing if others of them are set.
func (l *loader) checkTogether(values map[string]string) {
	var set []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if values[name] != "" {
			set = append(set, name)
		}
	}
	if len(set) == 0 || len(set) == len(values) {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if values[name] == "" && !l.blamed(name) {
			l.problem(name, "It is missing beside "+strings.Join(set, " and ")+".",
				"Set all settings of this service, or none of them.")
		}
	}
}

// checkIssuer notes what cannot be the name of an OpenID Connect service.
func (l *loader) checkIssuer(raw string) {
	const name, fix = "AUTH_OIDC_ISSUER", "Write its address as it calls itself, such as https://accounts.example.org/realms/crier."
	u, err := url.Parse(raw)
	switch {
	case err != nil || u.Hostname() == "":
		l.problem(name, "It is not an address.", fix)
	case u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())):
		l.problem(name, "It does not begin with https://.", fix)
	case strings.ContainsAny(raw, "?#") || u.User != nil:
		l.problem(name, "It has a user name, a query or a fragment in it.", fix)
	case strings.HasSuffix(strings.TrimSuffix(raw, "/"), "/.well-known/openid-configuration"):
		l.problem(name, "It is the address of the discovery document.", "Leave /.well-known/openid-configuration out.")
	}
}
