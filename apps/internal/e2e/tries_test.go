package e2e_test

import (
	"errors"
	"time"

	"github.com/crierhq/crier/client"
	"github.com/crierhq/crier/core/domain"
)

// tries has a line for every operation of the document.
var tries = map[string]try{
	// Sign-in.
	"register": func(s *scene, c *client.Client) error {
		return only(c.Register(s.t.Context(), client.Register{Email: s.new() + "@example.org", Password: password}))
	},
	"login": func(s *scene, c *client.Client) error {
		return only(c.Login(s.t.Context(), client.Login{Email: "owner@example.org", Password: password}))
	},
	"refresh": func(s *scene, c *client.Client) error {
		return only(c.Refresh(s.t.Context(), client.Refresh{RefreshToken: s.signIn("owner@example.org").RefreshToken}))
	},

	"login-totp": func(s *scene, _ *client.Client) error {
		twin := s.other(s.as[owner])
		codes := s.secondFactor(twin)
		_, err := s.api.Login(s.t.Context(), client.Login{Email: s.address(twin), Password: password})
		e, ok := errors.AsType[*client.Error](err)
		if !ok || e.Challenge == nil {
			s.t.Fatalf("got %v, want a challenge", err)
		}
		return only(s.api.LoginTOTP(s.t.Context(), client.CodeLogin{Challenge: e.Challenge.Token, Code: codes[0]}))
	},
	"logout":     func(s *scene, c *client.Client) error { return s.other(c).Logout(s.t.Context()) },
	"logout-all": func(s *scene, c *client.Client) error { return s.other(c).LogoutAll(s.t.Context()) },
	"verify-email": func(s *scene, c *client.Client) error {
		email := s.new() + "@example.org"
		s.must(only(s.api.Register(s.t.Context(), client.Register{Email: email, Password: password})))
		return c.VerifyEmail(s.t.Context(), client.Link{Token: s.mailed(email)})
	},
	"resend-verification": func(s *scene, c *client.Client) error {
		return c.ResendVerification(s.t.Context(), client.Address{Email: "owner@example.org"})
	},
	"forgot-password": func(s *scene, c *client.Client) error {
		return c.ForgotPassword(s.t.Context(), client.Address{Email: "nobody@example.org"})
	},
	"reset-password": func(s *scene, c *client.Client) error {
		email := s.address(s.other(s.as[owner]))
		s.must(s.api.ForgotPassword(s.t.Context(), client.Address{Email: email}))
		return c.ResetPassword(s.t.Context(), client.Reset{Token: s.mailed(email), Password: password})
	},

	// People.
	"get-me":    func(s *scene, c *client.Client) error { return only(c.GetMe(s.t.Context())) },
	"export-me": func(s *scene, c *client.Client) error { return only(c.ExportMe(s.t.Context())) },
	"set-profile": func(s *scene, c *client.Client) error {
		return only(c.SetProfile(s.t.Context(), client.Profile{Name: "Ann", Timezone: "Europe/Berlin", Language: "de", WeekStart: "monday", TimeFormat: "24h"}))
	},
	"delete-me": func(s *scene, c *client.Client) error {
		return s.other(c).DeleteMe(s.t.Context(), client.DeleteMeRequest{Password: password})
	},
	"set-avatar": func(s *scene, c *client.Client) error {
		return only(c.SetAvatar(s.t.Context(), client.AvatarRequest{MediaID: s.file(c).ID}))
	},
	"delete-avatar": func(s *scene, c *client.Client) error { return c.DeleteAvatar(s.t.Context()) },
	"list-sessions": func(s *scene, c *client.Client) error { return only(c.ListSessions(s.t.Context())) },
	"end-session": func(s *scene, c *client.Client) error {
		twin := s.other(c)
		return twin.EndSession(s.t.Context(), s.session(twin))
	},
	"change-password": func(s *scene, c *client.Client) error {
		return s.other(c).ChangePassword(s.t.Context(), client.PasswordRequest{CurrentPassword: password, NewPassword: "another horse"})
	},
	"change-email": func(s *scene, c *client.Client) error {
		return s.other(c).ChangeEmail(s.t.Context(), client.EmailRequest{Email: s.new() + "@example.org", Password: password})
	},
	"get-second-factor": func(s *scene, c *client.Client) error { return only(c.GetSecondFactor(s.t.Context())) },
	"enroll-second-factor": func(s *scene, c *client.Client) error {
		return only(s.other(c).EnrollSecondFactor(s.t.Context(), client.EnrollRequest{Password: password}))
	},
	"confirm-second-factor": func(s *scene, c *client.Client) error {
		twin := s.other(c)
		return only(twin.ConfirmSecondFactor(s.t.Context(), client.ConfirmRequest{Code: s.phone(twin)}))
	},
	"renew-recovery-codes": func(s *scene, c *client.Client) error {
		twin := s.other(c)
		return only(twin.RenewRecoveryCodes(s.t.Context(), client.SecondFactorRequest{Password: password, Code: s.secondFactor(twin)[0]}))
	},
	"drop-second-factor": func(s *scene, c *client.Client) error {
		twin := s.other(c)
		return twin.DropSecondFactor(s.t.Context(), client.SecondFactorRequest{Password: password, Code: s.secondFactor(twin)[0]})
	},

	"list-auth-providers": func(s *scene, c *client.Client) error { return only(c.ListAuthProviders(s.t.Context())) },
	"list-identities":     func(s *scene, c *client.Client) error { return only(c.ListIdentities(s.t.Context())) },
	// No service is set up here.
	"begin-oauth": func(s *scene, c *client.Client) error {
		return answered(404, only(c.BeginOauth(s.t.Context(), "none", client.Oauth{})))
	},
	"begin-link": func(s *scene, c *client.Client) error {
		return answered(404, only(c.BeginLink(s.t.Context(), "none", client.Oauth{})))
	},
	"finish-oauth": func(s *scene, c *client.Client) error {
		return answered(404, only(c.FinishOauth(s.t.Context(), "none", client.FinishOauthParams{State: "x"})))
	},
	"exchange-oauth": func(s *scene, c *client.Client) error {
		return answered(400, only(c.ExchangeOauth(s.t.Context(), client.ExchangeOAuthRequest{Code: "x"})))
	},
	"unlink-identity": func(s *scene, c *client.Client) error {
		return answered(404, c.UnlinkIdentity(s.t.Context(), "none"))
	},

	// Organizations.
	"list-organizations": func(s *scene, c *client.Client) error { return only(c.ListOrganizations(s.t.Context())) },
	"create-organization": func(s *scene, c *client.Client) error {
		return only(c.CreateOrganization(s.t.Context(), client.OrganizationFields{Name: s.new(), Timezone: "Europe/Berlin"}))
	},
	"get-organization": func(s *scene, c *client.Client) error { return only(c.GetOrganization(s.t.Context(), s.org)) },
	"update-organization": func(s *scene, c *client.Client) error {
		return only(c.UpdateOrganization(s.t.Context(), s.org, client.OrganizationFields{Name: "Example Ltd."}))
	},
	"switch-organization": func(s *scene, c *client.Client) error {
		return only(c.SwitchOrganization(s.t.Context(), s.org))
	},
	"delete-organization": func(s *scene, c *client.Client) error {
		defer s.revive()
		return only(c.DeleteOrganization(s.t.Context(), s.org))
	},
	"keep-organization": func(s *scene, c *client.Client) error {
		defer s.ended()()
		return only(c.KeepOrganization(s.t.Context(), s.org))
	},
	"leave-organization": func(s *scene, c *client.Client) error {
		if c == s.as[owner] { // the last one
			return answered(409, c.LeaveOrganization(s.t.Context(), s.org))
		}
		return s.leave(c)
	},
	"transfer-organization": func(s *scene, c *client.Client) error { return s.handOn(c) },
	"list-members": func(s *scene, c *client.Client) error {
		return only(c.ListMembers(s.t.Context(), s.org, client.ListMembersParams{Limit: 1}))
	},
	"set-member-role": func(s *scene, c *client.Client) error {
		return only(c.SetMemberRole(s.t.Context(), s.org, s.member(s.new()+"@example.org", domain.RoleViewer), client.MemberRoleRequest{Role: client.MemberRoleRequestRoleUser}))
	},
	"remove-member": func(s *scene, c *client.Client) error {
		return c.RemoveMember(s.t.Context(), s.org, s.member(s.new()+"@example.org", domain.RoleViewer))
	},
	"list-invitations": func(s *scene, c *client.Client) error {
		return only(c.ListInvitations(s.t.Context(), s.org, client.ListInvitationsParams{Limit: 1}))
	},
	"invite-member": func(s *scene, c *client.Client) error {
		return only(c.InviteMember(s.t.Context(), s.org, client.InviteRequest{Email: s.new() + "@example.org", Role: client.InviteRequestRoleUser}))
	},
	"withdraw-invitation": func(s *scene, c *client.Client) error {
		return c.WithdrawInvitation(s.t.Context(), s.org, s.invitation(s.as[owner], s.org).ID)
	},
	"accept-invitation": func(s *scene, c *client.Client) error {
		return only(c.AcceptInvitation(s.t.Context(), client.AcceptRequest{Token: secret(s.elsewhere())}))
	},
	"join": func(s *scene, c *client.Client) error {
		return only(c.Join(s.t.Context(), client.JoinRequest{
			Token: secret(s.invitation(s.as[owner], s.org)), Email: s.new() + "@example.org", Password: password,
		}))
	},
	"get-organization-settings": func(s *scene, c *client.Client) error {
		return only(c.GetOrganizationSettings(s.t.Context(), s.org))
	},
	"set-organization-settings": func(s *scene, c *client.Client) error {
		return only(c.SetOrganizationSettings(s.t.Context(), s.org, client.AgencySettings{}))
	},
	"pause-organization": func(s *scene, c *client.Client) error {
		defer func() { s.must(only(s.as[owner].ResumeOrganization(s.t.Context(), s.org))) }()
		return only(c.PauseOrganization(s.t.Context(), s.org, client.PauseReason{Reason: "A storm."}))
	},
	"resume-organization": func(s *scene, c *client.Client) error {
		return only(c.ResumeOrganization(s.t.Context(), s.org))
	},

	// The installation.
	"get-installation-pause": func(s *scene, c *client.Client) error { return only(c.GetInstallationPause(s.t.Context())) },
	"pause-installation": func(s *scene, c *client.Client) error {
		defer func() { s.must(only(s.as[owner].ResumeInstallation(s.t.Context()))) }()
		return only(c.PauseInstallation(s.t.Context(), client.PauseReason{Reason: "A storm."}))
	},
	"resume-installation": func(s *scene, c *client.Client) error { return only(c.ResumeInstallation(s.t.Context())) },
	"livez":               func(s *scene, c *client.Client) error { return only(c.Livez(s.t.Context())) },
	"readyz":              func(s *scene, c *client.Client) error { return only(c.Readyz(s.t.Context())) },
	"health-details":      func(s *scene, c *client.Client) error { return only(c.HealthDetails(s.t.Context())) },

	// Integrations.
	"list-integrations": func(s *scene, c *client.Client) error {
		return only(c.ListIntegrations(s.t.Context(), client.ListIntegrationsParams{Limit: 1}))
	},
	"get-integration":   func(s *scene, c *client.Client) error { return only(c.GetIntegration(s.t.Context(), s.channel)) },
	"list-providers":    func(s *scene, c *client.Client) error { return only(c.ListProviders(s.t.Context())) },
	"get-provider":      func(s *scene, c *client.Client) error { return only(c.GetProvider(s.t.Context(), "stage")) },
	"get-notifications": func(s *scene, c *client.Client) error { return only(c.GetNotifications(s.t.Context())) },
	"set-notifications": func(s *scene, c *client.Client) error {
		out, err := c.SetNotifications(s.t.Context(), client.Notices{Posts: true})
		if err == nil && (!out.Posts || out.Channels) {
			s.t.Errorf("got %+v, want mails of posts alone", out)
		}
		return err
	},
	"examine-provider": func(s *scene, c *client.Client) error { return only(c.ExamineProvider(s.t.Context(), "stage")) },
	"connect-integration": func(s *scene, c *client.Client) error {
		return only(c.ConnectIntegration(s.t.Context(), client.ConnectRequest{
			Provider: "stage", Fields: map[string]any{"account": s.new()}, Method: client.ConnectRequestMethodForm,
		}))
	},
	"finish-connect": func(s *scene, c *client.Client) error {
		return drop(c.FinishConnect(s.t.Context(), "stage", client.FinishConnectParams{State: s.begin(), Code: s.new()}))
	},
	"choose-accounts": func(s *scene, c *client.Client) error {
		return only(c.ChooseAccounts(s.t.Context(), s.choice()))
	},
	"list-options": func(s *scene, c *client.Client) error {
		out, err := c.ListOptions(s.t.Context(), s.channel, client.ListOptionsParams{Field: "room", Search: "b"})
		if err == nil && (len(out.Data) != 1 || out.Data[0].Label != "Room b") {
			s.t.Errorf("got the options %+v", out.Data)
		}
		return err
	},
	"list-mentions": func(s *scene, c *client.Client) error {
		out, err := c.ListMentions(s.t.Context(), s.channel, client.ListMentionsParams{Search: "ann"})
		if err == nil && (len(out.Data) != 1 || out.Data[0].Text != "@ann") {
			s.t.Errorf("got the mentions %+v", out.Data)
		}
		return err
	},
	"get-analytics": func(s *scene, c *client.Client) error {
		out, err := c.GetAnalytics(s.t.Context(), s.channel, client.GetAnalyticsParams{From: "2026-01-01", To: "2026-01-03"})
		if err == nil && (len(out.Data) != 1 || len(out.Data[0].Points) != 1 || out.Data[0].Points[0].Value != 7) {
			s.t.Errorf("got the numbers %+v", out.Data)
		}
		return err
	},
	"public-get-analytics": func(s *scene, c *client.Client) error {
		return only(c.PublicGetAnalytics(s.t.Context(), s.channel, client.PublicGetAnalyticsParams{}))
	},
	"get-post-statistics": func(s *scene, c *client.Client) error {
		return only(c.GetPostStatistics(s.t.Context(), s.post(c, client.PostInput{Content: "counted"}).ID))
	},
	"public-get-post-statistics": func(s *scene, c *client.Client) error {
		return only(c.PublicGetPostStatistics(s.t.Context(), s.post(c, client.PostInput{Content: "counted"}).ID))
	},
	"disconnect-integration": func(s *scene, c *client.Client) error {
		return c.DisconnectIntegration(s.t.Context(), s.connect())
	},
	"refresh-integration": func(s *scene, c *client.Client) error {
		return only(c.RefreshIntegration(s.t.Context(), s.connect()))
	},
	"set-pace": func(s *scene, c *client.Client) error {
		return only(c.SetPace(s.t.Context(), s.connect(), client.SetPaceRequest{GapSeconds: 60}))
	},
	"pause-integration": func(s *scene, c *client.Client) error {
		return only(c.PauseIntegration(s.t.Context(), s.connect(), client.PauseReason{}))
	},
	"resume-integration": func(s *scene, c *client.Client) error {
		return only(c.ResumeIntegration(s.t.Context(), s.channel))
	},
	"set-slots": func(s *scene, c *client.Client) error {
		return only(c.SetSlots(s.t.Context(), s.channel, client.SetSlotsRequest{Slots: []client.Slot{{Weekday: "monday", Time: "09:00"}}}))
	},
	"next-slots": func(s *scene, c *client.Client) error {
		return only(c.NextSlots(s.t.Context(), s.channel, client.NextSlotsParams{Limit: 2}))
	},

	// Media.
	"upload-media": func(s *scene, c *client.Client) error { return only(c.UploadFile(s.t.Context(), picture())) },
	"list-media": func(s *scene, c *client.Client) error {
		return only(c.ListMedia(s.t.Context(), client.ListMediaParams{Limit: 1}))
	},
	"get-media": func(s *scene, c *client.Client) error { return only(c.GetMedia(s.t.Context(), s.file(c).ID)) },
	"get-media-file": func(s *scene, c *client.Client) error {
		return drop(c.GetMediaFile(s.t.Context(), s.file(c).ID, client.GetMediaFileParams{}))
	},
	"delete-media": func(s *scene, c *client.Client) error { return c.DeleteMedia(s.t.Context(), s.file(c).ID) },

	// Posts.
	"create-post": func(s *scene, c *client.Client) error {
		return only(c.CreatePost(s.t.Context(), client.PostInput{
			Content: "Hi.", Integrations: []client.TargetInput{{ID: s.channel}}, ScheduledAt: s.now().Add(24 * time.Hour).Format(time.RFC3339),
		}))
	},
	"list-posts": func(s *scene, c *client.Client) error {
		return only(c.ListPosts(s.t.Context(), client.ListPostsParams{Limit: 2}))
	},
	"get-post": func(s *scene, c *client.Client) error {
		return only(c.GetPost(s.t.Context(), s.published(c, "Hi.").ID))
	},
	"delete-post": func(s *scene, c *client.Client) error { return c.DeletePost(s.t.Context(), s.draft(c).ID) },
	"update-post": func(s *scene, c *client.Client) error {
		return only(c.UpdatePost(s.t.Context(), s.draft(c).ID, client.PostInput{Content: "Better."}, client.IfMatch(`"1"`)))
	},
	"validate-post": func(s *scene, c *client.Client) error {
		return only(c.ValidatePost(s.t.Context(), client.PostInput{Content: "Hi."}))
	},
	"preview-post": func(s *scene, c *client.Client) error {
		return only(c.PreviewPost(s.t.Context(), client.PreviewRequest{
			ScheduledAt: "2030-03-29T09:00", Timezone: "Europe/Berlin", Recurrence: &client.Recurrence{Rule: "FREQ=DAILY"}, Count: 2,
		}))
	},
	"retry-post": func(s *scene, c *client.Client) error {
		return only(c.RetryPost(s.t.Context(), s.published(c, "refuse").ID))
	},
	"settle-delivery": func(s *scene, c *client.Client) error {
		p := s.published(c, "lose")
		return only(c.SettleDelivery(s.t.Context(), p.ID, p.Deliveries[0].ID, client.SettleRequest{There: true}))
	},
	"cancel-delivery": func(s *scene, c *client.Client) error {
		p := s.post(c, client.PostInput{
			Content: "Again.", Integrations: []client.TargetInput{{ID: s.channel}}, ScheduledAt: s.now().Add(24 * time.Hour).Format(time.RFC3339),
			Recurrence: &client.Recurrence{Rule: "FREQ=DAILY"},
		})
		return only(c.CancelDelivery(s.t.Context(), p.ID, p.Deliveries[0].ID))
	},
	"approve-post": func(s *scene, c *client.Client) error {
		p := s.scheduled(c, s.channel)
		return only(c.ApprovePost(s.t.Context(), p.ID, client.ApproveRequest{ContentHash: p.Approval.ContentHash}))
	},
	"reject-post": func(s *scene, c *client.Client) error {
		p := s.scheduled(c, s.channel)
		return only(c.RejectPost(s.t.Context(), p.ID, client.RejectRequest{ContentHash: p.Approval.ContentHash, Note: "No."}))
	},
	"request-approval": func(s *scene, c *client.Client) error {
		return only(c.RequestApproval(s.t.Context(), s.scheduled(c, s.channel).ID, client.RequestApprovalRequest{Note: "Please."}))
	},
	"list-failure-causes": func(s *scene, c *client.Client) error {
		return only(c.ListFailureCauses(s.t.Context(), client.ListFailureCausesParams{State: "failed"}))
	},
	"list-failures": func(s *scene, c *client.Client) error {
		return only(c.ListFailures(s.t.Context(), client.ListFailuresParams{Limit: 1}))
	},
	"retry-failures": func(s *scene, c *client.Client) error {
		return only(c.RetryFailures(s.t.Context(), client.RetryFailuresRequest{Code: "rejected", DryRun: true}))
	},

	// Side jobs.
	"list-dead-letters": func(s *scene, c *client.Client) error {
		return only(c.ListDeadLetters(s.t.Context(), client.ListDeadLettersParams{}))
	},
	"replay-dead-letter": func(s *scene, c *client.Client) error { return c.ReplayDeadLetter(s.t.Context(), s.deadLetter()) },
	"drop-dead-letter":   func(s *scene, c *client.Client) error { return c.DropDeadLetter(s.t.Context(), s.deadLetter()) },

	// Customers.
	"list-customers": func(s *scene, c *client.Client) error {
		return only(c.ListCustomers(s.t.Context(), client.ListCustomersParams{Limit: 1}))
	},
	"create-customer": func(s *scene, c *client.Client) error {
		return only(c.CreateCustomer(s.t.Context(), client.CustomerName{Name: s.new()}))
	},
	"rename-customer": func(s *scene, c *client.Client) error {
		return only(c.RenameCustomer(s.t.Context(), s.customer(), client.CustomerName{Name: s.new()}))
	},
	"delete-customer": func(s *scene, c *client.Client) error { return c.DeleteCustomer(s.t.Context(), s.customer()) },
	"set-group": func(s *scene, c *client.Client) error {
		group := s.customer()
		if c == s.as[stranger] {
			group = "" // the integration is what is not theirs
		}
		return only(c.SetGroup(s.t.Context(), s.channel, client.SetGroupRequest{Group: group}))
	},

	// API keys and the audit log.
	"list-api-keys": func(s *scene, c *client.Client) error {
		return only(c.ListAPIKeys(s.t.Context(), client.ListAPIKeysParams{Limit: 1}))
	},
	"create-api-key": func(s *scene, c *client.Client) error {
		return only(c.CreateAPIKey(s.t.Context(), client.CreateKeyRequest{Name: "Shop", Scope: client.CreateKeyRequestScopeRead}))
	},
	"rotate-api-key": func(s *scene, c *client.Client) error { return only(c.RotateAPIKey(s.t.Context(), s.key().ID)) },
	"revoke-api-key": func(s *scene, c *client.Client) error { return c.RevokeAPIKey(s.t.Context(), s.key().ID) },
	"list-audit": func(s *scene, c *client.Client) error {
		return only(c.ListAudit(s.t.Context(), client.ListAuditParams{Limit: 1}))
	},
	"export-audit": func(s *scene, c *client.Client) error {
		return drop(c.ExportAudit(s.t.Context(), client.ExportAuditParams{Format: "csv"}))
	},

	// The public API.
	"public-list-integrations": func(s *scene, c *client.Client) error {
		return only(c.PublicListIntegrations(s.t.Context(), client.PublicListIntegrationsParams{Limit: 1}))
	},
	"public-create-post": func(s *scene, c *client.Client) error {
		return only(c.PublicCreatePost(s.t.Context(), client.PostInput{
			Content: "Hi.", Integrations: []client.TargetInput{{ID: s.channel}}, ScheduledAt: s.now().Add(24 * time.Hour).Format(time.RFC3339),
		}))
	},
	"public-list-integration-posts": func(s *scene, c *client.Client) error {
		return only(c.PublicListIntegrationPosts(s.t.Context(), s.channel, client.PublicListIntegrationPostsParams{Limit: 2}))
	},
	"public-next-slots": func(s *scene, c *client.Client) error {
		return only(c.PublicNextSlots(s.t.Context(), s.channel, client.PublicNextSlotsParams{Limit: 2}))
	},
	"public-list-posts": func(s *scene, c *client.Client) error {
		return only(c.PublicListPosts(s.t.Context(), client.PublicListPostsParams{Limit: 2}))
	},
	"public-validate-post": func(s *scene, c *client.Client) error {
		return only(c.PublicValidatePost(s.t.Context(), client.PostInput{Content: "Hi."}))
	},
	"public-get-post":    func(s *scene, c *client.Client) error { return only(c.PublicGetPost(s.t.Context(), s.draft(c).ID)) },
	"public-delete-post": func(s *scene, c *client.Client) error { return c.PublicDeletePost(s.t.Context(), s.draft(c).ID) },
	"public-retry-post": func(s *scene, c *client.Client) error {
		return only(c.PublicRetryPost(s.t.Context(), s.published(c, "refuse").ID))
	},
	"public-upload-media": func(s *scene, c *client.Client) error {
		return only(c.PublicUploadFile(s.t.Context(), picture()))
	},
}
