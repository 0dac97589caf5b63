package httpapi

import (
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"
	"strings"

	"github.com/crierhq/crier/core"
)

// choiceScript sends what was chosen, and says what came of it.
const choiceScript = `
const form = document.querySelector("form"), say = document.querySelector("output");
form.hidden = false;
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const accounts = [...form.querySelectorAll("input:checked")].map((box) => box.value);
  if (accounts.length === 0) { say.textContent = "Choose at least one."; return; }
  say.textContent = "One moment.";
  try {
    const answer = await fetch(form.getAttribute("action"), {
      method: "POST", headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ provider: form.dataset.provider, state: form.dataset.state, accounts }),
    });
    const body = await answer.json();
    if (answer.ok) {
      form.hidden = true;
      say.textContent = "Connected: " + body.data.map((e) => e.name).join(", ") + ". You can close this window.";
    } else {
      say.textContent = body.errors.length > 0 ? body.errors.map((e) => e.message).join(" ") : body.message;
    }
  } catch {
    say.textContent = "The server cannot be reached. Try again.";
  }
});
`

var choiceTemplate = template.Must(template.New("choice").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Choose what to connect</title>
<style>` + pageStyle + `label{display:block;padding:.3rem 0}button{font:inherit;padding:.4rem .8rem}small{color:#666}</style></head>
<body><h1>Choose what to connect</h1><p>Your sign-in leads to several places. Which ones do you want to publish to?</p>
<form hidden method="post" action="/integrations/connect/choose" data-provider="{{.Provider}}" data-state="{{.Choice.State}}">
{{range .Choice.Places}}<label><input type="checkbox" value="{{.Account}}"{{if .Channel}} checked{{end}}> {{.Name}} <small>{{.Handle}}{{if .Channel}} (connected already){{end}}</small></label>
{{end}}<p><button>Connect</button></p></form><p><output></output></p>
<noscript><p>This page needs JavaScript.</p></noscript>
<script>` + choiceScript + `</script></body></html>
`))

// choicePage asks a person which of several places to connect.
func choicePage(provider string, c core.Choice) (*callbackOutput, error) {
	sum := sha256.Sum256([]byte(choiceScript))
	var b strings.Builder
	err := choiceTemplate.Execute(&b, struct {
		Provider string
		Choice   core.Choice
	}{provider, c})
	if err != nil {
		return nil, err
	}
	return &callbackOutput{
		Status: http.StatusOK, ContentType: "text/html; charset=utf-8", Body: []byte(b.String()),
		Policy: "default-src 'none'; style-src 'unsafe-inline'; connect-src 'self'; script-src 'sha256-" +
			base64.StdEncoding.EncodeToString(sum[:]) + "'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
	}, nil
}
