package core_test

import (
	"strings"
	"testing"

	"github.com/crierhq/crier/adapters/memblob"
	"github.com/crierhq/crier/adapters/memmail"
	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/ports/mail"
)

func TestMailIsChecked(t *testing.T) {
	t.Parallel()
	from := mail.Address{Email: "crier@example.org"}
	cases := map[string]struct {
		cfg      core.MailConfig
		required bool
		says     []string
	}{
		"nothing":                   {},
		"all":                       {cfg: core.MailConfig{Sender: memmail.New(), From: from, URL: "https://crier.example"}, required: true},
		"required without a sender": {required: true, says: []string{"Config.RequireVerification needs Config.Mail.Sender"}},
		"a sender alone":            {cfg: core.MailConfig{Sender: memmail.New()}, says: []string{"Config.Mail.From", "Config.Mail.URL"}},
		"a path alone":              {cfg: core.MailConfig{Sender: memmail.New(), From: from, URL: "/crier"}, says: []string{"Config.Mail.URL"}},
	}
	for name, c := range cases {
		_, err := core.New(core.Config{Blobs: &memblob.Bucket{}, Mail: c.cfg, RequireVerification: c.required})
		for _, want := range c.says {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got error %v, want one that says %q", name, err, want)
			}
		}
		if len(c.says) == 0 && (err == nil || strings.Contains(err.Error(), "Mail")) {
			t.Errorf("%s: got error %v, want one that says nothing of mail", name, err)
		}
	}
}
