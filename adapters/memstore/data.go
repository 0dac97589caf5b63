package memstore

import (
	"strconv"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/store"
)

// data is everything that is stored.
type data struct {
	organizations *table[domain.Organization]
	users         *table[domain.User]
	emails        *unique[domain.User]
	userList      *ordered[domain.User]
	members       *table[domain.Member]
	memberships   *ordered[domain.Member]
	memberList    *ordered[domain.Member]
	invitations   *table[domain.Invitation]
	inviteList    *ordered[domain.Invitation]
	sessions      *table[domain.Session]
	sessionList   *ordered[domain.Session]
	strikes       *table[domain.Strikes]
	secondFactors *table[domain.SecondFactor]
	identities    *table[domain.Identity]
	subjects      *unique[domain.Identity]
	identityList  *ordered[domain.Identity]

	channels    *table[domain.Channel]
	accounts    *unique[domain.Channel]
	channelList *ordered[domain.Channel]
	care        *ordered[domain.Channel] // by CareAt
	connects    *table[store.Connect]

	posts    *table[domain.Post]
	postList *ordered[domain.Post]
	expands  *ordered[domain.Post]

	deliveries *table[domain.Delivery]
	heads      *ordered[domain.Delivery] // those that lead, of a channel by DueAt
	others     *ordered[domain.Delivery] // the rest, of a channel by WakeAt
	held       *ordered[domain.Delivery] // those on lease, of a channel by its end
	ofPost     *ordered[domain.Delivery]
	ofChannel  *ordered[domain.Delivery]
	occurrence *ordered[domain.Delivery]
	failures   *ordered[domain.Delivery] // those that need attention, by UpdatedAt
	lanes      *table[lane]
	readyLanes *ordered[lane]

	attempts   *table[domain.Attempt]
	ofDelivery *ordered[domain.Attempt]

	media     *table[domain.Media]
	mediaList *ordered[domain.Media]

	events     *table[event]
	pending    *ordered[event]
	postEvents *ordered[event]
	seq        int64

	documents *table[domain.Document]
	spaces    *ordered[domain.Document]
	secrets   *table[secret]
	settings  *table[setting]

	jobs     *table[domain.Job]
	jobRuns  *ordered[domain.Job] // by RunAt: the order of claims
	deadJobs *ordered[domain.Job]

	budgets *table[domain.Budget]
	replays *table[domain.Replay]
	tokens  *table[domain.Token]

	apiKeys   *table[domain.APIKey]
	keyHashes *unique[domain.APIKey]
	keyList   *ordered[domain.APIKey]
	audit     *table[domain.AuditEntry]
	auditList *ordered[domain.AuditEntry]
	groups    *table[domain.Group]
	groupList *ordered[domain.Group]
}

func newData() *data {
	d := &data{
		organizations: newTable(func(o domain.Organization) string { return string(o.ID) }, nil),
		connects:      newTable(func(c store.Connect) string { return c.StateHash }, nil),
		secrets:       newTable(func(s secret) string { return s.name }, nil),
		budgets:       newTable(func(b domain.Budget) string { return b.ID }, nil),
		replays:       newTable(func(v domain.Replay) string { return v.ID }, func(v domain.Replay) domain.OrganizationID { return v.Organization }),
		tokens:        newTable(func(t domain.Token) string { return t.Hash }, nil),
		settings:      newTable(func(s setting) string { return s.name }, nil),
	}
	d.people()
	d.waysIn()
	d.signIns()
	d.accountsAndFiles()
	d.schedule()
	d.ledger()
	d.sideWork()
	d.keysAndGroups()
	return d
}

func (d *data) people() {
	d.users = newTable(func(u domain.User) string { return string(u.ID) }, nil)
	d.emails = d.users.unique(func(u domain.User) string { return u.Email })
	d.userList = d.users.order(func(u domain.User) (key, bool) {
		return key{"", micros(u.CreatedAt), string(u.ID)}, true
	})
	d.members = newTable(memberID, func(m domain.Member) domain.OrganizationID { return m.Organization })
	d.memberships = d.members.order(func(m domain.Member) (key, bool) {
		return key{string(m.User), micros(m.CreatedAt), memberID(m)}, true
	})
	d.memberList = d.members.order(func(m domain.Member) (key, bool) {
		return key{string(m.Organization), micros(m.CreatedAt), string(m.User)}, true
	})
	d.invitations = newTable(func(v domain.Invitation) string { return string(v.ID) },
		func(v domain.Invitation) domain.OrganizationID { return v.Organization })
	d.inviteList = d.invitations.order(func(v domain.Invitation) (key, bool) {
		return key{string(v.Organization), micros(v.CreatedAt), string(v.ID)}, true
	})
}

func (d *data) keysAndGroups() {
	d.apiKeys = newTable(func(k domain.APIKey) string { return string(k.ID) },
		func(k domain.APIKey) domain.OrganizationID { return k.Organization })
	d.keyHashes = d.apiKeys.unique(func(k domain.APIKey) string { return k.Hash })
	d.keyList = d.apiKeys.order(func(k domain.APIKey) (key, bool) {
		return key{string(k.Organization), micros(k.CreatedAt), string(k.ID)}, k.RevokedAt.IsZero()
	})
	d.audit = newTable(func(e domain.AuditEntry) string { return string(e.ID) },
		func(e domain.AuditEntry) domain.OrganizationID { return e.Organization })
	d.auditList = d.audit.order(func(e domain.AuditEntry) (key, bool) {
		return key{string(e.Organization), micros(e.At), string(e.ID)}, true
	})
	d.groups = newTable(func(g domain.Group) string { return string(g.ID) },
		func(g domain.Group) domain.OrganizationID { return g.Organization })
	d.groups.unique(func(g domain.Group) string { return join(string(g.Organization), g.Name) })
	d.groupList = d.groups.order(func(g domain.Group) (key, bool) {
		return key{string(g.Organization), micros(g.CreatedAt), string(g.ID)}, true
	})
}

func (d *data) accountsAndFiles() {
	d.channels = newTable(func(c domain.Channel) string { return string(c.ID) },
		func(c domain.Channel) domain.OrganizationID { return c.Organization })
	d.accounts = d.channels.unique(accountOf)
	d.channelList = d.channels.order(func(c domain.Channel) (key, bool) {
		return key{string(c.Organization), micros(c.CreatedAt), string(c.ID)}, c.State != domain.ChannelDisconnected
	})
	d.care = d.channels.order(func(c domain.Channel) (key, bool) {
		return key{"", micros(c.CareAt()), string(c.ID)}, !c.CareAt().IsZero()
	})
	d.media = newTable(func(m domain.Media) string { return string(m.ID) },
		func(m domain.Media) domain.OrganizationID { return m.Organization })
	d.mediaList = d.media.order(func(m domain.Media) (key, bool) {
		return key{string(m.Organization), micros(m.CreatedAt), string(m.ID)}, true
	})
	d.documents = newTable(func(d domain.Document) string { return documentID(d.Space, d.Key) }, nil)
	d.spaces = d.documents.order(func(d domain.Document) (key, bool) {
		return key{d.Space, micros(d.At), d.Key}, true
	})
}

func (d *data) schedule() {
	d.posts = newTable(func(p domain.Post) string { return string(p.ID) },
		func(p domain.Post) domain.OrganizationID { return p.Organization })
	d.postList = d.posts.order(func(p domain.Post) (key, bool) {
		return key{string(p.Organization), micros(store.ListTime(p)), string(p.ID)}, p.State != domain.PostDeleted
	})
	d.expands = d.posts.order(func(p domain.Post) (key, bool) {
		return key{"", micros(p.ExpandAt), string(p.ID)}, !p.ExpandAt.IsZero()
	})
	d.deliveries = newTable(func(d domain.Delivery) string { return string(d.ID) },
		func(d domain.Delivery) domain.OrganizationID { return d.Organization })
	d.lanesOf()
	d.ofPost = d.deliveries.order(func(d domain.Delivery) (key, bool) {
		return key{string(d.Post), micros(d.DueAt), string(d.ID)}, true
	})
	d.ofChannel = d.deliveries.order(func(d domain.Delivery) (key, bool) {
		return key{string(d.Channel), micros(d.DueAt), string(d.ID)}, true
	})
	d.failures = d.deliveries.order(func(d domain.Delivery) (key, bool) {
		return key{string(d.Organization), micros(d.UpdatedAt), string(d.ID)}, d.State.NeedsAttention()
	})
	d.deliveries.unique(func(d domain.Delivery) string {
		if d.Follows == "" {
			return join("id", string(d.ID)) // nothing to share
		}
		return join("follows", string(d.Organization), string(d.Follows), strconv.Itoa(d.Rule))
	})
	d.occurrences()
}

func (d *data) occurrences() {
	d.deliveries.unique(func(d domain.Delivery) string {
		if d.Occurrence == "" || d.Follows != "" {
			return join("id", string(d.ID)) // nothing to share
		}
		return join("occurrence", string(d.Organization), string(d.Post), string(d.Channel), d.Occurrence)
	})
	d.occurrence = d.deliveries.order(func(d domain.Delivery) (key, bool) {
		return key{string(d.Post), 0, join(d.Occurrence) + string(d.ID)}, d.Occurrence != "" && d.Follows == ""
	})
}

func (d *data) lanesOf() {
	d.heads = d.deliveries.order(func(d domain.Delivery) (key, bool) {
		return key{string(d.Channel), micros(d.DueAt), string(d.ID)}, d.Leads() && !d.WakeAt.IsZero()
	})
	d.others = d.deliveries.order(func(d domain.Delivery) (key, bool) {
		return key{string(d.Channel), micros(d.WakeAt), string(d.ID)}, !d.Leads() && !d.WakeAt.IsZero()
	})
	d.held = d.deliveries.order(func(d domain.Delivery) (key, bool) {
		return key{string(d.Channel), micros(d.Lease.Until), string(d.ID)}, d.Lease.Owner != "" && !d.WakeAt.IsZero()
	})
	d.lanes = newTable(func(l lane) string { return string(l.channel) }, nil)
	d.readyLanes = d.lanes.order(func(l lane) (key, bool) {
		return key{"", micros(l.ready), string(l.channel)}, !l.ready.IsZero()
	})
}

func (d *data) ledger() {
	d.attempts = newTable(func(a domain.Attempt) string { return string(a.ID) },
		func(a domain.Attempt) domain.OrganizationID { return a.Organization })
	d.ofDelivery = d.attempts.order(func(a domain.Attempt) (key, bool) {
		return key{string(a.Delivery), int64(a.Number), string(a.ID)}, true
	})
	d.events = newTable(func(e event) string { return string(e.ID) },
		func(e event) domain.OrganizationID { return e.Organization })
	d.pending = d.events.order(func(e event) (key, bool) {
		return key{"", e.Seq, string(e.ID)}, e.Relayed.IsZero()
	})
	d.postEvents = d.events.order(func(e event) (key, bool) {
		return key{string(e.Post), e.Seq, string(e.ID)}, e.Post != ""
	})
}

func (d *data) sideWork() {
	d.jobs = newTable(func(j domain.Job) string { return string(j.ID) },
		func(j domain.Job) domain.OrganizationID { return j.Organization })
	d.jobs.unique(func(j domain.Job) string {
		if j.Key == "" || j.State == domain.JobDead {
			return join("id", string(j.ID)) // nothing to share
		}
		return join("key", string(j.Organization), j.Kind, j.Key)
	})
	d.jobRuns = d.jobs.order(func(j domain.Job) (key, bool) {
		return key{"", micros(j.RunAt), string(j.ID)}, j.State == domain.JobWaiting
	})
	d.deadJobs = d.jobs.order(func(j domain.Job) (key, bool) {
		return key{string(j.Organization), micros(j.DiedAt), string(j.ID)}, j.State == domain.JobDead
	})
}
