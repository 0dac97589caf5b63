package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/redis/go-redis/v9"

	"github.com/crierhq/crier/adapters/smtpmail"
)

// leastSecret is the least number of characters of JWT_SECRET: 128 bits of
// randomness in hexadecimal.
const leastSecret = 32

// check fills in what depends on other settings, and notes what is wrong
// beyond a single well-formed value.
func (l *loader) check(c *Config) {
	l.checkPublicURL(&c.Server)
	l.checkOrigins(c.Server.Origins)
	l.checkDatabase(string(c.Storage.DatabaseURL))
	l.checkRedis(string(c.Storage.RedisURL))
	l.checkMail(c.Mail)
	l.checkWork(c.Publisher)
	l.checkSignIn(c.SignIn)
	if n := utf8.RuneCountInString(string(c.Secrets.JWTSecret)); n > 0 && n < leastSecret {
		l.problem("JWT_SECRET", fmt.Sprintf("It has only %d characters.", n),
			fmt.Sprintf("Use at least %d random ones, such as the output of openssl rand -hex 64.", leastSecret))
	}
	if p := c.Publisher; p.Lease <= p.PollInterval && !l.blamed("LEASE") && !l.blamed("POLL_INTERVAL") {
		l.problem("LEASE", fmt.Sprintf("It is %s, which is not longer than POLL_INTERVAL (%s).", p.Lease, p.PollInterval),
			"Raise LEASE or lower POLL_INTERVAL.")
	}
}

// checkPublicURL reads PUBLIC_URL or derives it from PORT.
func (l *loader) checkPublicURL(s *Server) {
	const name, fix = "PUBLIC_URL", "Write an address such as https://crier.example.org."
	if s.PublicURL == "" {
		s.PublicURL = fmt.Sprintf("http://localhost:%d", s.Port)
		return
	}
	u, err := url.Parse(s.PublicURL)
	if err != nil || u.Opaque != "" {
		l.problem(name, "It is not an address.", fix)
		return
	}
	if wrong := wrongOrigin(u, s.PublicURL); wrong != "" {
		l.problem(name, wrong, fix)
		return
	}
	s.PublicURL = u.Scheme + "://" + strings.ToLower(u.Host)
	l.warnAboutHTTP(u)
}

// checkOrigins reads CORS_ORIGINS as browsers write origins.
func (l *loader) checkOrigins(origins []string) {
	for i, raw := range origins {
		u, err := url.Parse(raw)
		if err != nil || u.Opaque != "" || strings.Contains(raw, "*") {
			l.problem("CORS_ORIGINS", fmt.Sprintf("%q is not an origin.", clip(raw)), "Write each origin in full, such as https://app.example.org.")
			continue
		}
		if wrong := wrongOrigin(u, raw); wrong != "" {
			l.problem("CORS_ORIGINS", fmt.Sprintf("%q: %s", clip(raw), wrong), "Write each origin in full, such as https://app.example.org.")
			continue
		}
		origins[i] = u.Scheme + "://" + strings.ToLower(u.Host)
	}
}

// wrongOrigin says why u, written as raw, is more or less than scheme and host.
func wrongOrigin(u *url.URL, raw string) string {
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return "It does not begin with https:// or http://."
	case u.Hostname() == "":
		return "It names no host."
	case strings.HasSuffix(u.Host, ":"):
		return "It has a colon without a port."
	case u.User != nil:
		return "It has a user name in it."
	case strings.Trim(u.Path, "/") != "" || strings.ContainsAny(raw, "?#"):
		return "It has something after the host: a path, a query or a fragment."
	default:
		return ""
	}
}

// warnAboutHTTP warns where people would send their passwords unencrypted.
func (l *loader) warnAboutHTTP(u *url.URL) {
	if u.Scheme == "https" || isLoopback(u.Hostname()) {
		return
	}
	l.warnings = append(l.warnings, "PUBLIC_URL begins with http://, so passwords travel unencrypted and most platforms "+
		"refuse to connect. Put a reverse proxy with TLS before the server and write https://.")
}

func isLoopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

// checkDatabase notes what is wrong with DATABASE_URL without quoting it: it
// holds a password.
func (l *loader) checkDatabase(raw string) {
	const name = "DATABASE_URL"
	scheme, rest, ok := strings.Cut(raw, "://")
	switch {
	case raw == "":
	case !ok:
		l.problem(name, "It is not an address.", "Write postgres://user:password@host:5432/name, or sqlite:///absolute/path.")
	case scheme == "sqlite":
		l.checkSQLite(rest)
	case scheme == "postgres" || scheme == "postgresql":
		l.checkPostgres(raw)
	default:
		l.problem(name, fmt.Sprintf("Databases of the kind %q are not supported.", clip(scheme)),
			"Begin with postgres:// or sqlite://, or remove it to use SQLite in DATA_DIR.")
	}
}

func (l *loader) checkSQLite(file string) {
	if !filepath.IsAbs(file) || strings.HasSuffix(file, "/") || strings.ContainsAny(file, "?#") {
		l.problem("DATABASE_URL", "It does not name a file by its absolute path.",
			"Write three slashes and the path, such as sqlite:///var/lib/crier/crier.db, without options.")
	}
}

func (l *loader) checkPostgres(raw string) {
	const name = "DATABASE_URL"
	u, err := url.Parse(raw)
	if err != nil {
		l.problem(name, "It cannot be read as an address.",
			"Write special characters of the password as % and two digits: @ is %40, : is %3A, / is %2F, # is %23, % is %25.")
		return
	}
	if u.Hostname() == "" && u.Query().Get("host") == "" {
		l.problem(name, "It names no host.", "Write postgres://user:password@host:5432/name.")
	}
	if strings.Trim(u.Path, "/") == "" {
		l.problem(name, "It names no database.", "Write the name at the end: postgres://user:password@host:5432/name.")
	}
	if strings.HasSuffix(u.Host, ":") {
		l.problem(name, "It has a colon without a port.", "Write a port such as 5432, or remove the colon.")
	}
}

// checkRedis notes what is wrong with REDIS_URL without quoting it: it may hold
// a password.
func (l *loader) checkRedis(raw string) {
	const name, fix = "REDIS_URL", "Write redis://user:password@host:6379/0, or rediss:// for TLS."
	scheme, rest, ok := strings.Cut(raw, "://")
	u, err := url.Parse(raw)
	switch {
	case raw == "":
	case !ok:
		l.problem(name, "It is not an address.", fix)
	case scheme != "redis" && scheme != "rediss":
		l.problem(name, "It does not begin with redis:// or rediss://.", fix)
	case err != nil || strings.Contains(rest, "#"):
		l.problem(name, "It cannot be read as an address.",
			"Write special characters of the password as % and two digits: @ is %40, : is %3A, / is %2F, # is %23, % is %25.")
	case u.Hostname() == "":
		l.problem(name, "It names no host.", fix)
	default:
		if _, err := redis.ParseURL(raw); err != nil {
			l.problem(name, "The number of the database or an option is not one that Redis knows.", fix)
		}
	}
}

// checkMail notes what is wrong with how mails are sent, without quoting
// SMTP_URL: it may hold a password.
func (l *loader) checkMail(m Mail) {
	if m.SMTPURL != "" {
		if _, err := smtpmail.ParseURL(string(m.SMTPURL)); err != nil {
			l.problem("SMTP_URL", "It is not the address of a mail server: "+strings.TrimPrefix(err.Error(), "smtpmail: ")+".",
				"Write smtp://user:password@host:587, or smtps:// for TLS from the start.")
		}
	}
	if m.SMTPURL != "" && m.ResendAPIKey != "" {
		l.problem("RESEND_API_KEY", "It is set beside SMTP_URL.", "Remove one of them.")
	}
	const fix = "Write an address such as crier@example.org, or Crier <crier@example.org>."
	if _, _, err := m.Sender(); err != nil {
		l.problem("MAIL_FROM", "It is not an e-mail address.", fix)
	} else if m.From == "" && m.Configured() {
		l.problem("MAIL_FROM", "It is empty, but mails are to be sent.", fix)
	}
}

// checkWork notes where a worker would have nothing to do.
func (l *loader) checkWork(p Publisher) {
	for name, list := range map[string][]string{"WORKER_PROVIDERS": p.Providers, "WORKER_JOBS": p.Jobs} {
		if len(list) > 1 && slices.Contains(list, Nothing) {
			l.problem(name, "It has none beside other entries.", "Write none alone, or remove it.")
		}
	}
	if slices.Contains(p.Providers, Nothing) && slices.Contains(p.Jobs, Nothing) {
		l.problem("WORKER_JOBS", "It is none, as WORKER_PROVIDERS is, so there is nothing to do.", "Remove one of them, or set WORKER to false.")
	}
}
