package discord_test

import (
	"os"
	"strings"
	"testing"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/discord"
	"github.com/crierhq/crier/testkit/providertest"
)

func TestConformanceOfTheBot(t *testing.T) {
	t.Parallel()
	providertest.Run(t, providertest.Harness{
		New: func(d social.Deps) (social.Provider, error) {
			return discord.New(discord.Config{ClientID: "id", ClientSecret: "secret", BotToken: providertest.Canary}, d)
		},
		Cases:  os.DirFS("testdata/bot"),
		Golden: "testdata/settings.schema.json",
	})
}

func TestConformanceOfWebhooks(t *testing.T) {
	t.Parallel()
	providertest.Run(t, providertest.Harness{
		New: func(d social.Deps) (social.Provider, error) {
			return discord.NewWebhook(discord.WebhookConfig{}, d)
		},
		Cases:  os.DirFS("testdata/webhook"),
		Golden: "testdata/webhook.schema.json",
		Waive: map[string]string{
			"coverage/auth_expired": "The token of a webhook does not expire: it is good, or the webhook is gone, which is auth_revoked.",
		},
	})
}

func TestNewReportsEveryProblemAtOnce(t *testing.T) {
	t.Parallel()
	_, bot := discord.New(discord.Config{APIURL: "x y", WebURL: "z", Permissions: "all"}, social.Deps{})
	_, webhook := discord.NewWebhook(discord.WebhookConfig{APIURL: "x y"}, social.Deps{})
	for what, got := range map[string]struct {
		err  error
		want []string
	}{
		"bot":     {bot, []string{"Deps.HTTP", "Deps.Now", "bot token", `"x y"`, `"z"`, `"all"`}},
		"webhook": {webhook, []string{"Deps.HTTP", "Deps.Now", `"x y"`}},
	} {
		if got.err == nil {
			t.Errorf("%s: got no error, want one", what)
			continue
		}
		for _, want := range got.want {
			if !strings.Contains(got.err.Error(), want) {
				t.Errorf("%s: got %q, want %s in it", what, got.err, want)
			}
		}
	}
}
