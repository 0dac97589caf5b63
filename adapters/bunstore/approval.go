package bunstore

import "github.com/crierhq/crier/core/domain"

// pauseJSON is a domain.Pause in a column; its names never change.
type pauseJSON struct {
	By     domain.UserID `json:"by,omitempty"`
	At     *int64        `json:"at,omitempty"` // microseconds
	Reason string        `json:"reason,omitempty"`
}

func pauseOf(p domain.Pause) pauseJSON {
	return pauseJSON{By: p.By, At: orNull(p.At), Reason: p.Reason}
}

func (p pauseJSON) value() domain.Pause {
	return domain.Pause{By: p.By, At: orZero(p.At), Reason: p.Reason}
}

// approvalJSON is a domain.Approval in a column; its names never change.
type approvalJSON struct {
	State  domain.ApprovalState `json:"state,omitempty"`
	Hash   string               `json:"hash,omitempty"`
	Review bool                 `json:"review,omitempty"`
	By     domain.UserID        `json:"by,omitempty"`
	At     *int64               `json:"at,omitempty"` // microseconds
	Note   string               `json:"note,omitempty"`
}

func approvalOf(a domain.Approval) approvalJSON {
	return approvalJSON{State: a.State, Hash: a.Hash, Review: a.Review, By: a.By, At: orNull(a.At), Note: a.Note}
}

func (a approvalJSON) value() domain.Approval {
	return domain.Approval{State: a.State, Hash: a.Hash, Review: a.Review, By: a.By, At: orZero(a.At), Note: a.Note}
}
