package journal

import (
	"cmp"
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
	domain.EventApprovalRequested:                   "Waits for an approval.",
	domain.EventApproved:                            "Approved.",
	domain.EventRejected:                            "Rejected; it will not be published like this.",
	domain.EventApprovalWithdrawn:                   "The approval was withdrawn, because the content was changed; it needs another one.",
	domain.EventChannelPaused:                       "The channel was paused; nothing new is published there.",
	domain.EventChannelResumed:                      "The channel was resumed.",
	domain.EventOrganizationPaused:                  "The organization was paused; nothing new is published.",
	domain.EventOrganizationResumed:                 "The organization was resumed.",
	domain.EventOrganizationEnding:                  "The organization is going to be deleted; nothing new is published.",
	domain.EventOrganizationKept:                    "The organization is not deleted after all; it stays paused until somebody resumes it.",
	domain.EventMemberJoined:                        "Somebody joined.",
	domain.EventMemberLeft:                          "Somebody left.",
	domain.EventMemberRemoved:                       "Somebody was removed.",
	domain.EventMemberRole:                          "Somebody got another role.",
	domain.PostEvent(domain.SummaryScheduled):       "Scheduled.",
	domain.PostEvent(domain.SummaryPublished):       "Published everywhere.",
	domain.PostEvent(domain.SummaryPartlyPublished): "Published on some channels.",
	domain.PostEvent(domain.SummaryAttention):       "Needs attention.",
	domain.PostEvent(domain.SummaryCanceled):        "Withdrawn.",
	"post.failed":                                   "A channel failed.",
	"post.unknown":                                  "Nobody could prove whether it is out on a channel.",
	"post.missed":                                   "It was too late for a channel.",
	"post.blocked":                                  "Held back on a channel.",
	domain.DeliveryEvent(domain.DeliveryScheduled):  "Waits for its time.",
	domain.DeliveryEvent(domain.DeliveryPreparing):  "Being prepared; nothing is visible yet.",
	domain.DeliveryEvent(domain.DeliveryPublishing): "Being published.",
	domain.DeliveryEvent(domain.DeliveryProcessing): "The platform has it and works on it.",
	domain.DeliveryEvent(domain.DeliveryPublished):  "Published.",
	domain.DeliveryEvent(domain.DeliveryFailed):     "Failed; it is not out.",
	domain.DeliveryEvent(domain.DeliveryUnknown):    "It may be out; nobody could prove it. Look there and say whether it is.",
	domain.DeliveryEvent(domain.DeliveryBlocked):    "Held back.",
	domain.DeliveryEvent(domain.DeliveryMissed):     "Not published: it was too late.",
	domain.DeliveryEvent(domain.DeliveryCanceled):   "Withdrawn before anything was sent.",
}

// Describe tells a person what an event says, with the reason if it has one.
func Describe(ev domain.Event) string {
	text, ok := sentences[ev.Kind]
	if !ok {
		text = string(ev.Kind) + "."
	}
	if said := said(ev); said != "" {
		text += " " + said
	}
	return text
}

// said is what the platform or a person said of it.
func said(ev domain.Event) string {
	if strings.HasPrefix(string(ev.Kind), "delivery.") {
		var data struct{ Reason reasonData }
		_ = json.Unmarshal(ev.Data, &data) // it says nothing then
		return data.Reason.Message
	}
	var data struct {
		Note   string
		Paused pauseData
	}
	_ = json.Unmarshal(ev.Data, &data)
	return cmp.Or(data.Note, data.Paused.Reason)
}
