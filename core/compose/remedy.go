package compose

import (
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/pause"
	"github.com/crierhq/crier/ports/social"
)

// Remedy is what a person is to do about failures of one cause.
type Remedy string

// The remedies.
const (
	RemedyReconnect Remedy = "reconnect" // connect the account again
	RemedyEdit      Remedy = "edit"      // change what the post says
	RemedyRetry     Remedy = "retry"     // try again
	RemedyAnswer    Remedy = "answer"    // look, and say whether it is there
	RemedyWait      Remedy = "wait"      // it goes on once its cause is gone
	RemedySetUp     Remedy = "set_up"    // the operator has to set something up
)

// cure is a remedy with its sentence.
type cure struct {
	remedy Remedy
	advice string
}

// reconnect is the cure for a channel that a platform no longer lets in.
var reconnect = cure{RemedyReconnect, "Connect the account again. What is still in time then goes out by itself; try the rest again after that."}

// cures says what helps against each cause of which that depends on the code.
// What is unknown or missed needs the same whatever the code is.
var cures = map[string]cure{
	string(social.CodeRejected):             {RemedyEdit, "The platform refused the content. Change it as the message says, and schedule it again."},
	string(social.CodeUnsupported):          {RemedyEdit, "The platform cannot publish this. Change it as the message says, and schedule it again."},
	string(social.CodeDuplicate):            {RemedyEdit, "The platform has the same text already. Change it, and schedule it again."},
	string(social.CodeAuthExpired):          reconnect,
	string(social.CodeAuthRevoked):          reconnect,
	string(social.CodeScopeMissing):         {RemedyReconnect, "Connect the account again and allow everything that is asked for. Then try again."},
	string(social.CodeAccountBlocked):       {RemedyReconnect, "The platform holds the account back. Settle that there, connect the account again, and try again."},
	string(social.CodeRateLimited):          {RemedyRetry, "The platform took no more at that time. Try again later."},
	string(social.CodeQuota):                {RemedyRetry, "The quota of the platform was used up. Try again once it has a new one."},
	string(social.CodeUnavailable):          {RemedyRetry, "The platform could not be reached. Try again."},
	string(social.CodeOutcomeUnknown):       {RemedyRetry, "A step before publishing got no answer, so nothing is out. Try again."},
	channelCode(domain.ChannelReconnect):    reconnect,
	channelCode(domain.ChannelDisconnected): reconnect,
	ApprovalMissing:                         {RemedyWait, "It goes on once somebody has approved it, if it is still in time then."},
	pause.Code:                              {RemedyWait, "It goes on once somebody resumes publishing, if it is still in time then."},
	"provider_missing":                      {RemedySetUp, "This platform is not set up here. Ask the operator to set it up, then try again."},
	"cursor_too_large":                      {RemedySetUp, "This is a mistake of the program. Tell the operator, and try again after an update."},
}

func channelCode(s domain.ChannelState) string { return "channel_" + string(s) }

// remedy says what is to be done about deliveries that are in a state for a
// reason with this code.
func remedy(s domain.DeliveryState, code string) (Remedy, string) {
	c, known := cures[code]
	switch {
	case s == domain.DeliveryUnknown:
		return RemedyAnswer, "Look on the platform, and say of each one whether it is there. What is not there is sent again then."
	case s == domain.DeliveryMissed:
		return RemedyRetry, "It was too late to publish it at its time. Try again to publish it now, or schedule it for another time."
	case known && (s != domain.DeliveryBlocked || c.remedy != RemedyRetry):
		return c.remedy, c.advice
	case s == domain.DeliveryBlocked:
		return RemedyWait, "It goes on by itself once its cause is gone, if it is still in time then."
	default:
		return RemedyRetry, "Mend what the message names, then try again."
	}
}
