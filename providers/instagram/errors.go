package instagram

import (
	"time"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/graph"
)

// notReady is how long to wait for a file that the platform still works on.
const notReady = 30 * time.Second

// rules are what only publishing on Instagram is refused with; the rest is in
// package graph.
// https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/error-codes
func rules() []graph.Rule {
	const anew = "Instagram lost a file of this post, which is handed over again."
	return []graph.Rule{
		{Subcode: 2207003, Means: social.CodeUnavailable, Message: "Instagram could not fetch a file in time."},
		{Subcode: 2207052, Means: social.CodeUnavailable, Message: "Instagram could not fetch a file from this server. Is its public address right?"},
		{Subcode: 2207077, Means: social.CodeUnavailable, Message: "Instagram could not fetch the video from this server. Is its public address right?"},
		{Subcode: 2207020, Means: social.CodeUnavailable, Message: anew, Restart: true},
		{Subcode: 2207032, Means: social.CodeUnavailable, Message: anew, Restart: true},
		{Subcode: 2207053, Means: social.CodeUnavailable, Message: anew, Restart: true},
		{Subcode: 2207082, Means: social.CodeUnavailable, Message: anew, Restart: true},
		{Subcode: 2207008, Means: social.CodeUnavailable, Message: anew, Restart: true, Wait: notReady},
		{Subcode: 2207027, Means: social.CodeUnavailable, Message: "Instagram is still working on a file.", Wait: notReady},
		{Subcode: 2207001, Means: social.CodeOutcomeUnknown, Message: "Instagram failed, and did not say what became of it."},
		{Subcode: 2207051, Means: social.CodeAccountBlocked, Message: "Instagram has blocked this account for a while, for what it takes for abuse."},
		{Subcode: 2207050, Means: social.CodeAccountBlocked, Message: "Instagram has restricted this account. Log in to Instagram and follow what it says."},
		{Subcode: 2207042, Means: social.CodeQuota, Message: "This account has posted as much through apps as Instagram allows in a day."},
		{Subcode: 2207006, Means: social.CodeRejected, Message: "This is not there any more, or the account may not see it."},
		{Subcode: 2207057, Means: social.CodeRejected, Message: "The moment of the cover is not in the video."},
		{Subcode: 2207023, Means: social.CodeRejected, Message: "Instagram does not know this kind of post."},
		{Subcode: 2207028, Means: social.CodeRejected, Message: "A post to swipe through has 2 to 10 files."},
		{Subcode: 2207040, Means: social.CodeRejected, Message: "There are too many accounts mentioned or tagged."},
		{Subcode: 2207026, Means: social.CodeRejected, Message: "Instagram cannot use a video of this type. MP4 and MOV with H.264 are safe."},
		{Subcode: 2207004, Means: social.CodeRejected, Message: "A picture is too large for Instagram."},
		{Subcode: 2207005, Means: social.CodeRejected, Message: "Instagram takes only JPEG."},
		{Subcode: 2207009, Means: social.CodeRejected, Message: "A picture has a shape that Instagram does not take: it is between 4:5 and 1.91:1."},
		{Subcode: 2207010, Means: social.CodeRejected, Message: "The text is too long for Instagram, or has too many tags."},
		{Subcode: 2207081, Means: social.CodeUnsupported, Message: "This account cannot post reels on trial."},
	}
}
