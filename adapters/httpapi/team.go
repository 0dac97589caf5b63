package httpapi

import (
	"context"
	"net/http"
	"net/url"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/permit"
	"github.com/crierhq/crier/ports/store"
)

type memberBody struct {
	UserID   string `json:"userId"`
	Email    string `json:"email" example:"ann@example.org"`
	Name     string `json:"name" example:"Ann"`
	Role     string `json:"role" enum:"owner,admin,user,viewer"`
	JoinedAt string `json:"joinedAt" format:"date-time"`
}

type invitationBody struct {
	ID        string `json:"id"`
	Email     string `json:"email,omitempty" doc:"Whom it is for; missing: whoever has the link."`
	Mailed    bool   `json:"mailed" doc:"The link went to the address by mail, and nowhere else."`
	Role      string `json:"role" enum:"owner,admin,user,viewer"`
	InvitedBy string `json:"invitedBy,omitempty" doc:"The id of the person who invites."`
	CreatedAt string `json:"createdAt" format:"date-time"`
	ExpiresAt string `json:"expiresAt" format:"date-time"`
	Link      string `json:"link,omitempty" doc:"Lets whoever opens it join, once. Only the answer to who invites has it, unless it was mailed."`
}

type listOfAgencyInput struct {
	signedIn
	ID     string `path:"id" doc:"The id of the organization."`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Cursor string `query:"cursor" maxLength:"512"`
}

type listMembersOutput struct {
	Link string `header:"Link" doc:"The next page, with rel=\"next\"."`
	Body struct {
		Data []memberBody `json:"data" nullable:"false"`
		Page pageInfo     `json:"page"`
	}
}

type listInvitationsOutput struct {
	Link string `header:"Link" doc:"The next page, with rel=\"next\"."`
	Body struct {
		Data []invitationBody `json:"data" nullable:"false"`
		Page pageInfo         `json:"page"`
	}
}

type memberInput struct {
	signedIn
	ID   string `path:"id" doc:"The id of the organization."`
	User string `path:"user" doc:"The id of the person."`
}

type memberRoleInput struct {
	signedIn
	ID   string `path:"id" doc:"The id of the organization."`
	User string `path:"user" doc:"The id of the person."`
	Body struct {
		Role string `json:"role" enum:"owner,admin,user,viewer" example:"admin"`
	}
}

type memberRoleOutput struct {
	Body struct {
		UserID string `json:"userId"`
		Role   string `json:"role" enum:"owner,admin,user,viewer"`
	}
}

type transferInput struct {
	signedIn
	ID   string `path:"id" doc:"The id of the organization."`
	Body struct {
		UserID string `json:"userId" minLength:"1" maxLength:"128" doc:"The id of the member who becomes an owner."`
	}
}

type inviteInput struct {
	signedIn
	ID   string `path:"id" doc:"The id of the organization."`
	Body struct {
		Email string `json:"email,omitempty" maxLength:"254" doc:"Whom it is for. Missing: whoever has the link." example:"bob@example.org"`
		Role  string `json:"role" enum:"owner,admin,user,viewer" doc:"What the person may do; no more than you may." example:"user"`
	}
}

type invitedOutput struct{ Body invitationBody }

type invitationInput struct {
	signedIn
	ID         string `path:"id" doc:"The id of the organization."`
	Invitation string `path:"invitation" doc:"The id of the invitation."`
}

type acceptInput struct {
	signedIn
	Body struct {
		Token string `json:"token" minLength:"1" maxLength:"512" doc:"What the link of the invitation holds."`
	}
}

type joinInput struct {
	raw
	Body struct {
		Token    string `json:"token" minLength:"1" maxLength:"512" doc:"What the link of the invitation holds."`
		Email    string `json:"email" maxLength:"254" doc:"The e-mail address to sign in with." example:"bob@example.org"`
		Password string `json:"password" maxLength:"256" doc:"At least 8 characters." example:"correct horse battery staple"`
		Name     string `json:"name,omitempty" maxLength:"128" doc:"How to address the person." example:"Bob"`
		Cookie   bool   `json:"cookie,omitempty" doc:"Put the refresh token into a cookie that scripts cannot read, instead of the answer. For browsers."`
	}
}

func (a *api) registerMembers() {
	handle(a, spec{
		id: "list-members", method: http.MethodGet, path: "/agencies/{id}/members", tag: tagAgencies, status: http.StatusOK, needs: permission{permit.Members, permit.Read},
		summary: "List the members of an organization", text: "The oldest membership first.", errors: []int{400, 404},
	}, a.listMembers)
	handle(a, spec{
		id: "set-member-role", method: http.MethodPut, path: "/agencies/{id}/members/{user}", tag: tagAgencies, status: http.StatusOK, needs: permission{permit.Members, permit.Update},
		summary: "Give a member another role", text: "It holds at once, also for who is signed in. Nobody gives a role that may do more than theirs, or changes somebody whose role does. The last owner stays one.",
		errors: []int{400, 404, 409, 413, 415},
	}, a.setMemberRole)
	handle(a, spec{
		id: "remove-member", method: http.MethodDelete, path: "/agencies/{id}/members/{user}", tag: tagAgencies, status: http.StatusNoContent, needs: permission{permit.Members, permit.Delete},
		summary: "Remove a member", text: "It holds at once, also while they are signed in. What they made stays.", errors: []int{404, 409},
	}, func(ctx context.Context, in *memberInput) (*struct{}, error) {
		if err := own(in.actor, in.ID); err != nil {
			return nil, err
		}
		return nil, a.eng.Team.Remove(ctx, in.actor, domain.UserID(in.User))
	})
	handle(a, spec{
		id: "leave-organization", method: http.MethodPost, path: "/agencies/{id}/leave", tag: tagAgencies, status: http.StatusNoContent, needs: permission{permit.Account, permit.Update},
		summary: "Leave an organization", text: "Its last owner cannot: they hand it on first, or delete it.", errors: []int{404, 409},
	}, func(ctx context.Context, in *agencyInput) (*struct{}, error) {
		if err := own(in.actor, in.ID); err != nil {
			return nil, err
		}
		return nil, a.eng.Team.Leave(ctx, in.actor)
	})
	handle(a, spec{
		id: "transfer-organization", method: http.MethodPost, path: "/agencies/{id}/transfer", tag: tagAgencies, status: http.StatusNoContent, needs: permission{permit.Ownership, permit.Update},
		summary: "Hand an organization on", text: "A member becomes its owner, and you become an admin.", errors: []int{400, 404, 409, 413, 415},
	}, func(ctx context.Context, in *transferInput) (*struct{}, error) {
		if err := own(in.actor, in.ID); err != nil {
			return nil, err
		}
		return nil, a.eng.Team.Transfer(ctx, in.actor, domain.UserID(in.Body.UserID))
	})
}

func (a *api) registerInvitations() {
	handle(a, spec{
		id: "list-invitations", method: http.MethodGet, path: "/agencies/{id}/invitations", tag: tagAgencies, status: http.StatusOK, needs: permission{permit.Members, permit.Create},
		summary: "List the invitations that wait", text: "The newest first.", errors: []int{400, 404},
	}, a.listInvitations)
	handle(a, spec{
		id: "invite-member", method: http.MethodPost, path: "/agencies/{id}/invitations", tag: tagAgencies, status: http.StatusCreated, needs: permission{permit.Members, permit.Create},
		summary: "Invite somebody", text: "With an address, and where the installation sends mail, the link is mailed to it; otherwise it is in the answer: hand it on. It works once, for seven days, and while you may still invite.", errors: []int{400, 404, 409, 413, 415, 429},
	}, a.invite)
	handle(a, spec{
		id: "withdraw-invitation", method: http.MethodDelete, path: "/agencies/{id}/invitations/{invitation}", tag: tagAgencies, status: http.StatusNoContent, needs: permission{permit.Members, permit.Delete},
		summary: "Take an invitation back", text: "Its link works no more. Who has accepted it stays a member.", errors: []int{404},
	}, func(ctx context.Context, in *invitationInput) (*struct{}, error) {
		if err := own(in.actor, in.ID); err != nil {
			return nil, err
		}
		return nil, a.eng.Team.Withdraw(ctx, in.actor, domain.InvitationID(in.Invitation))
	})
	handle(a, spec{
		id: "accept-invitation", method: http.MethodPost, path: "/agencies/join", tag: tagAgencies, status: http.StatusOK, needs: permission{permit.Account, permit.Create},
		summary: "Accept an invitation as who you are", text: "Switch to the organization afterwards. Who has no account registers with POST /auth/join.", errors: []int{400, 404, 409, 413, 415},
	}, func(ctx context.Context, in *acceptInput) (*placeOutput, error) {
		return place(a.eng.Team.Accept(ctx, in.actor, in.Body.Token))
	})
	handle(a, spec{
		id: "join", method: http.MethodPost, path: "/auth/join", tag: tagAuth, public: true, status: http.StatusCreated,
		summary: "Register with an invitation", text: "Makes an account that belongs to the organization of the invitation, and signs the person in. It works where registration is closed, too. Who must prove the e-mail address first is answered 403 with the code email_unverified, as by POST /auth/register.",
		errors: []int{400, 403, 404, 409, 413, 415, 503},
	}, func(ctx context.Context, in *joinInput) (*sessionOutput, error) {
		b := in.Body
		if err := a.mayUseCookie(in.req, b.Cookie); err != nil {
			return nil, err
		}
		s, err := a.eng.Team.Join(ctx, b.Token, core.RegisterInput{Email: b.Email, Password: b.Password, Name: b.Name, From: in.req.origin()})
		return a.session(s, err, b.Cookie)
	})
}

func (a *api) listMembers(ctx context.Context, in *listOfAgencyInput) (*listMembersOutput, error) {
	page, err := in.page()
	if err != nil {
		return nil, err
	}
	rows, err := a.eng.Team.Members(ctx, in.actor, page)
	if err != nil {
		return nil, err
	}
	out := &listMembersOutput{}
	rows, out.Body.Page = cut(rows, in.Limit, func(p core.Person) store.Position {
		return store.Position{At: p.CreatedAt, ID: string(p.User)}
	})
	out.Body.Data = make([]memberBody, len(rows))
	for i, p := range rows {
		out.Body.Data[i] = memberBody{UserID: string(p.User), Email: p.Email, Name: p.Name, Role: string(p.Role), JoinedAt: stamp(p.CreatedAt)}
	}
	out.Link = a.linkHeader(in.req, out.Body.Page)
	return out, nil
}

func (a *api) setMemberRole(ctx context.Context, in *memberRoleInput) (*memberRoleOutput, error) {
	if err := own(in.actor, in.ID); err != nil {
		return nil, err
	}
	m, err := a.eng.Team.SetRole(ctx, in.actor, domain.UserID(in.User), domain.Role(in.Body.Role))
	if err != nil {
		return nil, err
	}
	out := &memberRoleOutput{}
	out.Body.UserID, out.Body.Role = string(m.User), string(m.Role)
	return out, nil
}

func (a *api) listInvitations(ctx context.Context, in *listOfAgencyInput) (*listInvitationsOutput, error) {
	page, err := in.page()
	if err != nil {
		return nil, err
	}
	rows, err := a.eng.Team.Invitations(ctx, in.actor, page)
	if err != nil {
		return nil, err
	}
	out := &listInvitationsOutput{}
	rows, out.Body.Page = cut(rows, in.Limit, func(v domain.Invitation) store.Position {
		return store.Position{At: v.CreatedAt, ID: string(v.ID)}
	})
	out.Body.Data = make([]invitationBody, len(rows))
	for i, v := range rows {
		out.Body.Data[i] = fromInvitation(v)
	}
	out.Link = a.linkHeader(in.req, out.Body.Page)
	return out, nil
}

// page reads what part of the list is wanted, if it is one of the actor's own
// organization.
func (in *listOfAgencyInput) page() (store.Page, error) {
	if err := own(in.actor, in.ID); err != nil {
		return store.Page{}, err
	}
	return askPage(in.Limit, in.Cursor)
}

func (a *api) invite(ctx context.Context, in *inviteInput) (*invitedOutput, error) {
	if err := own(in.actor, in.ID); err != nil {
		return nil, err
	}
	v, err := a.eng.Team.Invite(ctx, in.actor, in.Body.Email, domain.Role(in.Body.Role))
	if err != nil {
		return nil, err
	}
	out := &invitedOutput{Body: fromInvitation(v.Invitation)}
	if v.Secret == "" {
		return out, nil
	}
	// Behind the hash, so that no server on the way logs it.
	out.Body.Link = a.cfg.PublicURL + "/invitation#token=" + url.QueryEscape(v.Secret)
	return out, nil
}

func fromInvitation(v domain.Invitation) invitationBody {
	return invitationBody{
		ID: string(v.ID), Email: v.Email, Mailed: v.Mailed, Role: string(v.Role), InvitedBy: string(v.By),
		CreatedAt: stamp(v.CreatedAt), ExpiresAt: stamp(v.ExpiresAt),
	}
}

// own refuses the id of another organization than the actor's.
func own(actor domain.Actor, id string) error {
	if domain.OrganizationID(id) != actor.Organization {
		return fault.Missing("organization")
	}
	return nil
}
