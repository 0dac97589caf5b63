package audit

import (
	"strconv"

	"github.com/crierhq/crier/core/domain"
)

// Channel tells what was done to c.
func Channel(c domain.Channel, action domain.EventKind, changes ...domain.AuditChange) Entry {
	return Entry{Action: string(action), Resource: "channel", ID: string(c.ID), Name: c.Name, Changes: changes}
}

// Post tells what was done to p. Its text stays out: the post has its own
// history.
func Post(p domain.Post, action domain.EventKind, changes ...domain.AuditChange) Entry {
	return Entry{Action: string(action), Resource: "post", ID: string(p.ID), Changes: changes}
}

// Group tells what was done to g.
func Group(g domain.Group, action string, changes ...domain.AuditChange) Entry {
	return Entry{Action: action, Resource: "group", ID: string(g.ID), Name: g.Name, Changes: changes}
}

// Organization tells what was done to o.
func Organization(o domain.Organization, action string, changes ...domain.AuditChange) Entry {
	return Entry{Action: action, Resource: "organization", ID: string(o.ID), Name: o.Name, Changes: changes}
}

// Member tells what was done to the membership of m.
func Member(m domain.Member, action domain.EventKind, changes ...domain.AuditChange) Entry {
	return Entry{Action: string(action), Resource: "member", ID: string(m.User), Changes: changes}
}

// Invitation tells what was done to v. Its secret is not in it.
func Invitation(v domain.Invitation, action string, changes ...domain.AuditChange) Entry {
	return Entry{Action: action, Resource: "invitation", ID: string(v.ID), Name: v.Email, Changes: changes}
}

// Installation tells what was done to the whole installation.
func Installation(action string, changes ...domain.AuditChange) Entry {
	return Entry{Action: action, Resource: "installation", Changes: changes}
}

// Reason is the change that says why, if anybody said it.
func Reason(why string) []domain.AuditChange { return Changes([3]string{"reason", "", why}) }

// Settings are the changes of what an organization decides.
func Settings(before, after domain.Organization) []domain.AuditChange {
	return Changes(
		[3]string{"name", before.Name, after.Name},
		[3]string{"zone", before.Zone, after.Zone},
		[3]string{"requireApproval", strconv.FormatBool(before.RequireApproval), strconv.FormatBool(after.RequireApproval)},
		[3]string{"lateWindow", before.LateWindow.String(), after.LateWindow.String()},
	)
}
