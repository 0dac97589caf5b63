package facebook

import (
	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/graph"
)

// rules are what only publishing on a page is refused with; the rest is in
// package graph.
// https://developers.facebook.com/docs/graph-api/guides/error-handling
func rules() []graph.Rule {
	const check = "Facebook wants to know who runs this page. Log in to Facebook and follow what it says, then connect the page again."
	return []graph.Rule{
		{Subcode: 1366046, Means: social.CodeRejected, Message: "Facebook cannot use a picture: it is too large, or of a type that Facebook does not know."},
		{Subcode: 1366051, Means: social.CodeDuplicate, Message: "These pictures were posted before."},
		{Subcode: 1390008, Means: social.CodeRateLimited, Message: "This page posts too fast for Facebook."},
		{Subcode: 1346003, Means: social.CodeRejected, Message: "Facebook takes this for abuse, and refused it."},
		{Subcode: 1404102, Means: social.CodeRejected, Message: "This goes against what Facebook allows."},
		{Subcode: 1404006, Means: social.CodeAccountBlocked, Message: check},
		{Subcode: 4854002, Means: social.CodeAccountBlocked, Message: check},
		{Subcode: 1404112, Means: social.CodeAccountBlocked, Message: check},
		{Subcode: 1404078, Means: social.CodeAccountBlocked, Message: "Facebook wants the people who run this page to authorize themselves for it. Log in to Facebook and follow what it says."},
		{Subcode: 1609008, Means: social.CodeRejected, Message: "Facebook does not take links to Facebook itself here."},
		{Subcode: 2061006, Means: social.CodeRejected, Message: "Facebook cannot use the link of this post."},
		{Subcode: 1349125, Means: social.CodeRejected, Message: "Facebook cannot use what this post holds."},
		{Subcode: 1363047, Means: social.CodeOutcomeUnknown, Message: "Facebook is not available at the moment."},
		{Subcode: 1609010, Means: social.CodeOutcomeUnknown, Message: "Facebook is not available at the moment."},
		{Subcode: 2069019, Means: social.CodeRejected, Message: "Facebook cannot use a file of this post."},
	}
}
