package letters_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/crierhq/crier/core/letters"
	"github.com/crierhq/crier/ports/mail"
)

var update = flag.Bool("update", false, "write the golden files anew")

var site = letters.Site{Name: "Crier", URL: "https://crier.example"}

func TestLettersAreAsTheyWere(t *testing.T) {
	t.Parallel()
	for _, l := range letters.Samples() {
		t.Run(l.Name(), func(t *testing.T) {
			t.Parallel()
			got, err := letters.Render(l, site)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, l.Name()+".txt", "Subject: "+got.Subject+"\n\n"+got.Text)
			golden(t, l.Name()+".html", got.HTML)
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; run the test with -update", err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
	}
}

// A letter without a sample, or without a way back, would never be looked at.
func TestEveryLetterHasASampleAndAWayBack(t *testing.T) {
	t.Parallel()
	var names []string
	for _, l := range letters.Samples() {
		names = append(names, l.Name())
		raw, err := json.Marshal(l)
		if err != nil {
			t.Fatal(err)
		}
		back, err := letters.Decode(l.Name(), raw)
		if err != nil || !reflect.DeepEqual(back, l) {
			t.Errorf("%s: got %+v and error %v, want %+v", l.Name(), back, err, l)
		}
		for f, v := range reflect.ValueOf(l).Fields() {
			if v.IsZero() {
				t.Errorf("the sample of %s has nothing in %s", l.Name(), f.Name)
			}
		}
	}
	if got := letters.Names(); !slices.Equal(got, slices.Sorted(slices.Values(names))) {
		t.Errorf("letters: got %v, want those with a sample, %v", got, names)
	}
	texts, err := filepath.Glob("templates/*.txt")
	if err != nil || len(texts) != len(names)+1 {
		t.Errorf("got %d templates of text and error %v, want one for each letter and the layout", len(texts), err)
	}
	if _, err := letters.Decode("nothing", nil); err == nil {
		t.Error("a letter that there is not: got no error, want one")
	}
	if _, err := letters.Decode("invitation", []byte("{")); err == nil {
		t.Error("a letter that is broken: got no error, want one")
	}
}

// What people typed in must not become markup, another line or another header.
func TestWhatPeopleTypedInStaysText(t *testing.T) {
	t.Parallel()
	const evil = "Eve</p><a href=\"https://evil.example\">x</a>\r\nBcc: all@example.org\u202e {{.Site}} "
	got, err := letters.Render(letters.Invitation{
		Role: evil + strings.Repeat("long ", 100), Link: "javascript:alert(1)", Days: 1,
	}, letters.Site{Name: evil, URL: "https://crier.example"})
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<a href=\"https://evil", "</p><a", "\r", "\nBcc", "\u202e"} {
		if strings.Contains(got.HTML, bad) {
			t.Errorf("the HTML holds %q:\n%s", bad, got.HTML)
		}
	}
	if strings.ContainsAny(got.Subject, "\r\n\u202e") {
		t.Errorf("the subject is more than one plain line: %q", got.Subject)
	}
	if strings.Contains(got.HTML, `href="javascript`) {
		t.Errorf("the HTML links to a script:\n%s", got.HTML)
	}
	if strings.Contains(got.Text, "\nBcc") || strings.Contains(got.Text, "long long long long long long long long") {
		t.Errorf("the text holds a line of somebody else's, or a long one:\n%s", got.Text)
	}
	m := mail.Message{
		ID: "x", From: mail.Address{Email: "a@example.org"}, To: mail.Address{Email: "b@example.org"},
		Subject: got.Subject, Text: got.Text, HTML: got.HTML,
	}
	if err := m.Check(); err != nil {
		t.Errorf("what came of it cannot be sent: %v", err)
	}
}

// Nobody may use a mail to an address that is not theirs to say something.
func TestLettersToUnprovenAddressesHoldNothingTypedIn(t *testing.T) {
	t.Parallel()
	for _, l := range []letters.Letter{letters.VerifyEmail{}, letters.ResetPassword{}, letters.Invitation{}} {
		for f := range reflect.ValueOf(l).Fields() {
			if f.Name != "Link" && f.Name != "Role" && f.Type.Kind() != reflect.Int {
				t.Errorf("%s holds %s; want nothing but its link, a role and numbers", l.Name(), f.Name)
			}
		}
	}
}
