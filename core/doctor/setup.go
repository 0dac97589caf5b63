package doctor

import (
	"net/url"
	"strings"
	"unicode"

	"github.com/crierhq/crier/core/channel"
)

// CheckSetUp is the check of the Finding for a platform that nobody began to set
// up.
const CheckSetUp = "setup"

// settings looks at what the operator set.
func (l *look) settings(p Setup, offered bool) {
	absent, required := 0, 0
	for _, s := range p.Settings {
		if s.Required {
			required++
		}
		switch {
		case s.Value == "" && s.Required:
			absent++
			l.bad(Error, "settings", s.Name, "Set "+s.Name+", and start the server again.", "It is required, and not set.")
		case s.Value == "":
		default:
			l.wellFormed(s)
		}
	}
	if required > 0 && absent == required {
		l.bad(Warning, CheckSetUp, "", "Set what is required. The page below says where to get it.", "Nobody has set this platform up, so it is not on offer.")
	}
	if offered && absent == 0 {
		l.ok("settings", "", "All that is required is set.")
	}
}

// wellFormed looks for what happens to values on their way through shells, files
// and forms.
func (l *look) wellFormed(s Setting) {
	v := s.Value
	fix := "Set " + s.Name + " again, with nothing but the value."
	switch first, last := v[0], v[len(v)-1]; {
	case first == last && (first == '"' || first == '\''), strings.HasPrefix(v, "“"):
		l.bad(Error, "settings", s.Name, fix, "The value has quotation marks around it, which are taken for a part of it.")
	case strings.TrimSpace(v) != v:
		l.bad(Error, "settings", s.Name, fix, "The value begins or ends with a blank or a line break.")
	case strings.ContainsFunc(v, func(r rune) bool { return unicode.IsControl(r) || r == '\u200b' || r == '\ufeff' }):
		l.bad(Error, "settings", s.Name, fix, "The value has characters that cannot be seen.")
	case strings.HasPrefix(v, "<") && strings.HasSuffix(v, ">"), isPlaceholder(v):
		l.bad(Error, "settings", s.Name, fix, "The value looks like the one of an example.")
	case s.Secret && len(v) < minSecret:
		l.bad(Warning, "settings", s.Name, "Copy the whole value again.", "The value has %d characters, which is short for a secret.", len(v))
	}
}

// minSecret is shorter than any secret that a platform gives.
const minSecret = 8

func isPlaceholder(v string) bool {
	v = strings.ToLower(v)
	for _, s := range []string{"changeme", "change-me", "your-", "your_", "example", "xxxx", "todo"} {
		if strings.HasPrefix(v, s) {
			return true
		}
	}
	return false
}

// redirect says what to register, and whether a platform would take it.
func (l *look) redirect(address string) {
	u, err := url.Parse(address)
	local := err == nil && (u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1")
	switch {
	case err != nil || u.Host == "":
		l.bad(Error, "redirect", address, "Set PUBLIC_URL to the address that people reach this server at.", "This is no address that a platform could send people back to.")
	case u.Scheme != "https" && !local:
		l.bad(Error, "redirect", address, "Put the server behind HTTPS, and set PUBLIC_URL to an address with https://.", "Platforms send nobody back to an address without HTTPS.")
	case local:
		l.bad(Warning, "redirect", address, "For more than trying it out, set PUBLIC_URL to an address with https://, and register that.", "Register exactly this address with the platform. Some platforms do not take localhost.")
	default:
		l.ok("redirect", address, "Register exactly this address with the platform, to the last letter.")
	}
}

// scopes says what is asked for.
func (l *look) scopes(pf channel.Platform) {
	if len(pf.Descriptor.Scopes) > 0 {
		l.ok("scopes", "", "Asked for: %s. The app must be allowed to ask for all of them.", strings.Join(pf.Descriptor.Scopes, ", "))
	}
}
