package config

import (
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Secret is a text that never prints itself. Convert it to a string to use it.
type Secret string

// String says whether the secret is set and how long it is.
func (s Secret) String() string {
	if s == "" {
		return "not set"
	}
	return fmt.Sprintf("set (%d characters)", utf8.RuneCountInString(string(s)))
}

// GoString keeps the secret out of %#v.
func (s Secret) GoString() string { return s.String() }

// LogValue keeps the secret out of structured logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText keeps the secret out of JSON.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Key is one key that seals secrets at rest.
type Key struct {
	// ID names the key in what it sealed; it is no secret.
	ID string
	// Bytes are the 32 bytes of the key.
	Bytes []byte
}

// String shows the id of the key only.
func (k Key) String() string { return k.ID + ":[redacted]" }

// GoString keeps the key out of %#v.
func (k Key) GoString() string { return k.String() }

// Keys are the keys that seal secrets at rest, the newest first.
type Keys []Key

// KeyBytes is the length of a Key.
const KeyBytes = 32

// String names the keys by their ids.
func (ks Keys) String() string {
	if len(ks) == 0 {
		return "not set"
	}
	ids := make([]string, len(ks))
	for i, k := range ks {
		ids[i] = k.ID
	}
	return fmt.Sprintf("set (%s)", strings.Join(ids, ", "))
}

// GoString keeps the keys out of %#v.
func (ks Keys) GoString() string { return ks.String() }

// LogValue keeps the keys out of structured logs.
func (ks Keys) LogValue() slog.Value { return slog.StringValue(ks.String()) }

// MarshalText keeps the keys out of JSON.
func (ks Keys) MarshalText() ([]byte, error) { return []byte(ks.String()), nil }

// ParseKeys reads id:base64,id:base64, newest first. Spaces and line breaks
// around an entry are ignored. The error does not quote the keys.
func ParseKeys(s string) (Keys, error) {
	var out Keys
	seen := map[string]bool{}
	for i, entry := range strings.Split(s, ",") {
		id, text, ok := strings.Cut(strings.TrimSpace(entry), ":")
		raw, err := base64.StdEncoding.DecodeString(text)
		switch {
		case !ok:
			return nil, fmt.Errorf("entry %d has no id before a colon", i+1)
		case !validKeyID(id):
			return nil, fmt.Errorf("the id of entry %d is not made of 1 to 32 lower-case letters, digits, - and _", i+1)
		case seen[id]:
			return nil, fmt.Errorf("the id %q is there twice", id)
		case err != nil:
			return nil, fmt.Errorf("the key %q is not base64", id)
		case len(raw) != KeyBytes:
			return nil, fmt.Errorf("the key %q has %d bytes instead of %d", id, len(raw), KeyBytes)
		}
		seen[id] = true
		out = append(out, Key{ID: id, Bytes: raw})
	}
	return out, nil
}

func validKeyID(id string) bool {
	if id == "" || len(id) > 32 {
		return false
	}
	for _, r := range id {
		if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789-_", r) {
			return false
		}
	}
	return true
}

// Size is a number of bytes.
type Size int64

// units are the endings of a Size, longest first where one ends another.
func units() []struct {
	name  string
	bytes int64
} {
	return []struct {
		name  string
		bytes int64
	}{
		{"TiB", 1 << 40},
		{"GiB", 1 << 30},
		{"MiB", 1 << 20},
		{"KiB", 1 << 10},
		{"TB", 1e12},
		{"GB", 1e9},
		{"MB", 1e6},
		{"KB", 1e3},
		{"B", 1},
	}
}

// String writes the size with the largest unit that divides it, so that
// ParseSize reads the same size back.
func (s Size) String() string {
	for _, u := range units() {
		if s != 0 && u.bytes > 1 && int64(s)%u.bytes == 0 {
			return strconv.FormatInt(int64(s)/u.bytes, 10) + u.name
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

var errSize = errors.New("it is not a size")

// ParseSize reads a number of bytes such as 1048576, 512MB (powers of 1000) or
// 1GiB (powers of 1024). Upper and lower case are the same.
func ParseSize(s string) (Size, error) {
	number, factor := s, int64(1)
	for _, u := range units() {
		if n := len(s) - len(u.name); n > 0 && strings.EqualFold(s[n:], u.name) {
			number, factor = strings.TrimRight(s[:n], " "), u.bytes
			break
		}
	}
	if strings.HasPrefix(number, "+") {
		return 0, errSize
	}
	n, err := strconv.ParseInt(number, 10, 64)
	switch {
	case err != nil || n < 0:
		return 0, errSize
	case n > math.MaxInt64/factor:
		return 0, errors.New("it is too large")
	}
	return Size(n * factor), nil
}

func parseBool(s string) (bool, error) {
	switch strings.ToLower(s) {
	case "true", "yes", "on", "1":
		return true, nil
	case "false", "no", "off", "0":
		return false, nil
	default:
		return false, errors.New("it is neither true nor false")
	}
}

func parseDuration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	switch {
	case err != nil && isDigits(s):
		return 0, errors.New("it has no unit")
	case err != nil:
		return 0, errors.New("it is not a duration")
	}
	return d, nil
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

func parsePrefixes(s string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for entry := range strings.SplitSeq(s, ",") {
		entry = strings.TrimSpace(entry)
		if a, err := netip.ParseAddr(entry); err == nil && a.Zone() == "" {
			out = append(out, netip.PrefixFrom(a, a.BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(entry)
		if err != nil {
			return nil, fmt.Errorf("%q is not an address range", entry)
		}
		out = append(out, p.Masked())
	}
	return out, nil
}

func parseList(s string) []string {
	var out []string
	for entry := range strings.SplitSeq(s, ",") {
		if entry = strings.TrimSpace(entry); entry != "" {
			out = append(out, entry)
		}
	}
	return out
}

func parseInt(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, strconv.IntSize)
	if err != nil {
		return 0, errors.New("it is not a whole number")
	}
	return n, nil
}

func parseAddr(s string) (netip.Addr, error) {
	a, err := netip.ParseAddr(s)
	if err != nil {
		return a, errors.New("it is not an IP address")
	}
	return a, nil
}
