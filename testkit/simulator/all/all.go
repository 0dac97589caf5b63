// Package all lists the stand-ins that there are.
package all

import (
	"github.com/crierhq/crier/testkit/simulator"
	"github.com/crierhq/crier/testkit/simulator/bluesky"
	"github.com/crierhq/crier/testkit/simulator/discord"
	"github.com/crierhq/crier/testkit/simulator/gbusiness"
	"github.com/crierhq/crier/testkit/simulator/google"
	"github.com/crierhq/crier/testkit/simulator/linkedin"
	"github.com/crierhq/crier/testkit/simulator/mastodon"
	"github.com/crierhq/crier/testkit/simulator/meta"
	"github.com/crierhq/crier/testkit/simulator/pinterest"
	"github.com/crierhq/crier/testkit/simulator/reddit"
	"github.com/crierhq/crier/testkit/simulator/slack"
	"github.com/crierhq/crier/testkit/simulator/telegram"
	"github.com/crierhq/crier/testkit/simulator/threads"
	"github.com/crierhq/crier/testkit/simulator/tiktok"
	"github.com/crierhq/crier/testkit/simulator/x"
)

// StandIns returns a new stand-in of every family, in the order of their names.
func StandIns() []simulator.StandIn {
	return []simulator.StandIn{
		bluesky.New(),
		discord.New(),
		gbusiness.New(),
		google.New(),
		linkedin.New(),
		mastodon.New(),
		meta.New(),
		pinterest.New(),
		reddit.New(),
		slack.New(),
		telegram.New(),
		threads.New(),
		tiktok.New(),
		x.New(),
	}
}
