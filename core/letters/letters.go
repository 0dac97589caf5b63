// Package letters is the mails that Crier writes: one type for each, which says
// what must be known to write it, and one pair of templates, HTML and plain
// text, inside one layout. It sends nothing; see core/mailer.
//
// Values are escaped for where they stand. What people typed in is cut down to
// one short line. A letter that goes to an address which nobody has proven to
// be theirs says nothing that somebody else typed in, so that nobody can send
// their own words to strangers through Crier.
package letters

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Letter is a mail that Crier writes. Its exported fields are its content.
type Letter interface {
	// Name is what the templates are called, and what the letter is stored
	// under, so it stays.
	Name() string
}

// VerifyEmail asks somebody to prove that an address is theirs.
type VerifyEmail struct {
	Link  string
	Hours int // for how long the link is good
}

// ResetPassword lets somebody choose a new password.
type ResetPassword struct {
	Link    string
	Minutes int // for how long the link is good
}

// PasswordChanged tells somebody that their password is another one now.
type PasswordChanged struct {
	At time.Time
}

// Invitation asks somebody to join an organization. Whoever invites chose the
// address, so it names neither them nor the organization: both are free text.
type Invitation struct {
	Role string // as this program calls it
	Link string
	Days int // for how long the link is good
}

// EmailChanged tells the old address of somebody that another one took its
// place.
type EmailChanged struct {
	NewEmail string
	At       time.Time
}

// SignInLinked tells somebody that there is one more way into their account.
type SignInLinked struct {
	Method string // such as GitHub
	At     time.Time
}

// SecondFactorChanged tells somebody that codes of a phone are asked for beside
// their password from now on, or not any more.
type SecondFactorChanged struct {
	On bool
	At time.Time
}

// PostNeedsYou tells the author of a post that it is not where it should be.
type PostNeedsYou struct {
	// Text is the beginning of the post.
	Text string
	// Channels says for each channel that needs somebody what is the matter.
	Channels []ChannelTrouble
	Link     string
}

// ChannelTrouble is what is the matter with a post on one channel.
type ChannelTrouble struct {
	Name string
	// What is a sentence of this program, and Why what the platform said; it may
	// be empty.
	What, Why string
}

// ChannelNeedsYou tells those who run an organization that nothing goes out on
// an account until somebody connects it again.
type ChannelNeedsYou struct {
	Channel, Platform, Why string
	Link                   string
}

// Name implements Letter.
func (PostNeedsYou) Name() string { return "post_needs_you" }

// Name implements Letter.
func (ChannelNeedsYou) Name() string { return "channel_needs_you" }

// Name implements Letter.
func (VerifyEmail) Name() string { return "verify_email" }

// Name implements Letter.
func (ResetPassword) Name() string { return "reset_password" }

// Name implements Letter.
func (PasswordChanged) Name() string { return "password_changed" }

// Name implements Letter.
func (Invitation) Name() string { return "invitation" }

// Name implements Letter.
func (EmailChanged) Name() string { return "email_changed" }

// Name implements Letter.
func (SignInLinked) Name() string { return "sign_in_linked" }

// Name implements Letter.
func (SecondFactorChanged) Name() string { return "second_factor_changed" }

// Samples are one letter of each kind, with something in every field: for
// previews and tests.
func Samples() []Letter {
	at := time.Date(2026, 3, 29, 12, 30, 0, 0, time.UTC)
	return []Letter{
		VerifyEmail{Link: "https://crier.example/verify-email#token=abc", Hours: 24},
		ResetPassword{Link: "https://crier.example/reset-password#token=abc", Minutes: 60},
		PasswordChanged{At: at},
		Invitation{Role: "admin", Link: "https://crier.example/invitation#token=abc", Days: 7},
		EmailChanged{NewEmail: "ann@example.net", At: at},
		SignInLinked{Method: "GitHub", At: at},
		SecondFactorChanged{On: true, At: at},
		PostNeedsYou{
			Text: "Fresh bread!", Link: "https://crier.example",
			Channels: []ChannelTrouble{{Name: "Bakery", What: "Failed; it is not out.", Why: "The text is too long."}, {Name: "Café", What: "It may be out; nobody could prove it."}},
		},
		ChannelNeedsYou{Channel: "Bakery", Platform: "Murmur", Why: "The sign-in was ended.", Link: "https://crier.example"},
	}
}

// decoders read a letter of each kind back.
var decoders = map[string]func([]byte) (Letter, error){
	VerifyEmail{}.Name():     decode[VerifyEmail],
	ResetPassword{}.Name():   decode[ResetPassword],
	PasswordChanged{}.Name(): decode[PasswordChanged],
	Invitation{}.Name():      decode[Invitation],
	EmailChanged{}.Name():    decode[EmailChanged],
	SignInLinked{}.Name():    decode[SignInLinked],

	SecondFactorChanged{}.Name(): decode[SecondFactorChanged],
	PostNeedsYou{}.Name():        decode[PostNeedsYou],
	ChannelNeedsYou{}.Name():     decode[ChannelNeedsYou],
}

func decode[L Letter](raw []byte) (Letter, error) {
	var l L
	err := json.Unmarshal(raw, &l)
	return l, err
}

// Names lists the letters, in order.
func Names() []string { return slices.Sorted(maps.Keys(decoders)) }

// Decode reads a letter back that was written with encoding/json.
func Decode(name string, raw []byte) (Letter, error) {
	read, ok := decoders[name]
	if !ok {
		return nil, fmt.Errorf("letters: there is no letter %q", name)
	}
	l, err := read(raw)
	if err != nil {
		return nil, fmt.Errorf("letters: the letter %q cannot be read: %w", name, err)
	}
	return l, nil
}
