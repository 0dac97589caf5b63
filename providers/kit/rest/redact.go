package rest

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

const (
	redacted = "[redacted]"
	// minSecret keeps a secret of a few letters from blotting out every text.
	minSecret = 6
)

// secretName matches the names of fields whose values are secret.
var secretName = regexp.MustCompile(`(?i)token|secret|password|verifier|^code$|^authorization$|assertion|jwt|api[_-]?key|cookie|signature`)

// evidence is what an operator gets to see of an answer. Platforms are known
// to repeat the request in it.
func (r Request) evidence(raw []byte) string {
	s := r.redact(string(raw))
	return strings.ToValidUTF8(s[:min(len(s), maxEvidence)], "")
}

func (r Request) redact(s string) string {
	if s == "" {
		return s
	}
	for _, secret := range r.secrets() {
		s = strings.ReplaceAll(s, secret, redacted)
	}
	return s
}

// secrets lists what the request carries that nobody may see, longest first so
// that a secret inside another one leaves nothing of it.
func (r Request) secrets() []string {
	all := append([]string{r.Bearer}, r.Secrets...)
	for name, values := range r.Header {
		if secretName.MatchString(name) {
			for _, v := range values {
				_, credentials, _ := strings.Cut(v, " ")
				all = append(all, v, credentials)
			}
		}
	}
	for _, form := range []url.Values{r.Query, r.Form} {
		for name, values := range form {
			if secretName.MatchString(name) {
				all = append(all, values...)
			}
		}
	}
	all = append(all, jsonSecrets(r.JSON)...)
	var out []string
	for _, v := range all {
		if len(v) >= minSecret {
			out = append(out, v, url.QueryEscape(v))
		}
	}
	slices.SortFunc(out, func(a, b string) int { return len(b) - len(a) })
	return slices.Compact(out)
}

func jsonSecrets(body any) []string {
	if body == nil {
		return nil
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return nil
	}
	var doc any
	if err := json.Unmarshal(raw, &doc); err != nil {
		return nil
	}
	var out []string
	collect(doc, false, &out)
	return out
}

func collect(v any, secret bool, out *[]string) {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			collect(member, secret || secretName.MatchString(name), out)
		}
	case []any:
		for _, e := range v {
			collect(e, secret, out)
		}
	case string:
		if secret {
			*out = append(*out, v)
		}
	}
}
