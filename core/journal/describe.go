package journal

import (
	"encoding/json"
	"strings"

	"github.com/crierhq/crier/core/domain"
)

// sentences say what an event of a kind means, to a person. A kind that is not
// listed reads as its name.
var sentences = map[domain.EventKind]string{
	domain.EventPostDrafted:                         "Saved as a draft.",
	domain.EventPostEdited:                          "Edited.",
	domain.EventPostDeleted:                         "Deleted.",
	domain.EventPostStuck:                           "Its next times could not be worked out; this is tried again every hour.",
	domain.PostEvent(domain.SummaryScheduled):       "Scheduled.",
	domain.PostEvent(domain.SummaryPublished):       "Published everywhere.",
	domain.PostEvent(domain.SummaryPartlyPublished): "Published on some channels.",
	domain.PostEvent(domain.SummaryAttention):       "Needs attention.",
	domain.PostEvent(domain.SummaryCanceled):        "Withdrawn.",
	"post.failed":                                   "A channel failed.",
	"post.unknown":                                  "Nobody could prove whether it is out on a channel.",
	"post.missed":                                   "It was too late for a channel.",
	"post.blocked":                                  "A channel has to be mended first.",
	domain.DeliveryEvent(domain.DeliveryScheduled):  "Waits for its time.",
	domain.DeliveryEvent(domain.DeliveryPreparing):  "Being prepared; nothing is visible yet.",
	domain.DeliveryEvent(domain.DeliveryPublishing): "Being published.",
	domain.DeliveryEvent(domain.DeliveryProcessing): "The platform has it and works on it.",
	domain.DeliveryEvent(domain.DeliveryPublished):  "Published.",
	domain.DeliveryEvent(domain.DeliveryFailed):     "Failed; it is not out.",
	domain.DeliveryEvent(domain.DeliveryUnknown):    "It may be out; nobody could prove it. Look there and say whether it is.",
	domain.DeliveryEvent(domain.DeliveryBlocked):    "Waits for the channel to be mended.",
	domain.DeliveryEvent(domain.DeliveryMissed):     "Not published: it was too late.",
	domain.DeliveryEvent(domain.DeliveryCanceled):   "Withdrawn before anything was sent.",
}

// Describe tells a person what an event says, with the reason if it has one.
func Describe(ev domain.Event) string {
	text, ok := sentences[ev.Kind]
	if !ok {
		text = string(ev.Kind) + "."
	}
	var data struct{ Reason *reasonData }
	if strings.HasPrefix(string(ev.Kind), "delivery.") && json.Unmarshal(ev.Data, &data) == nil && data.Reason != nil {
		text += " " + data.Reason.Message
	}
	return text
}
