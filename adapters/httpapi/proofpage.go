package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"
	"strings"
)

// proofPage is where a link in a mail leads to. The token stands behind the #
// sign, so that no server or log gets to see it, and programs that follow every
// link in a mail do not use it up.
type proofPage struct {
	Path, Action string
	Title, Text  string
	Password     bool // whether a new password is asked for
	Button, Done string
}

// proofPages lists them.
func proofPages() []proofPage {
	return []proofPage{{
		Path: "/verify-email", Action: "/auth/verify-email", Title: "Confirm your e-mail address",
		Text: "Press the button to confirm that the address is yours.", Button: "Confirm", Done: "Thank you. You can sign in now.",
	}, {
		Path: "/reset-password", Action: "/auth/reset-password", Title: "Choose a new password",
		Text: "At least 8 characters. Everybody who is signed in to your account will be signed out.", Password: true,
		Button: "Set the password", Done: "Done. You can sign in with your new password now.",
	}}
}

// proofScript sends the token, and says what came of it.
const proofScript = `
const form = document.querySelector("form"), say = document.querySelector("output");
form.hidden = false;
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const body = { token: new URLSearchParams(location.hash.slice(1)).get("token") || "none" };
  if (form.elements.password) body.password = form.elements.password.value;
  say.textContent = "One moment.";
  try {
    const answer = await fetch(form.getAttribute("action"), {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
    });
    if (answer.ok) {
      form.hidden = true;
      say.textContent = form.dataset.done;
    } else {
      const problem = await answer.json();
      say.textContent = problem.errors.length > 0 ? problem.errors.map((e) => e.message).join(" ") : problem.message;
    }
  } catch {
    say.textContent = "The server cannot be reached. Try again.";
  }
});
`

var proofTemplate = template.Must(template.New("proof").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{.Title}}</title>
<style>` + pageStyle + `input,button{font:inherit;padding:.4rem .8rem}</style></head><body><h1>{{.Title}}</h1><p>{{.Text}}</p>
<form hidden method="post" action="{{.Action}}" data-done="{{.Done}}">
{{if .Password}}<p><label>New password <input type="password" name="password" autocomplete="new-password" minlength="8" required></label></p>
{{end}}<p><button>{{.Button}}</button></p></form><p><output></output></p>
<noscript><p>This page needs JavaScript.</p></noscript>
<script>` + proofScript + `</script></body></html>
`))

// registerProofPages adds the pages that links in mails lead to.
func (a *api) registerProofPages() {
	sum := sha256.Sum256([]byte(proofScript))
	policy := "default-src 'none'; style-src 'unsafe-inline'; connect-src 'self'; script-src 'sha256-" +
		base64.StdEncoding.EncodeToString(sum[:]) + "'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
	for _, p := range proofPages() {
		handle(a, spec{
			id: "page" + strings.ReplaceAll(p.Path, "/", "-"), method: http.MethodGet, path: p.Path, tag: tagAuth,
			public: true, anyQuery: true, hidden: true, status: http.StatusOK,
		}, func(context.Context, *raw) (*callbackOutput, error) {
			var b strings.Builder
			if err := proofTemplate.Execute(&b, p); err != nil {
				return nil, err
			}
			return &callbackOutput{Status: http.StatusOK, ContentType: "text/html; charset=utf-8", Policy: policy, Body: []byte(b.String())}, nil
		})
	}
}
