package providertest

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/crierhq/crier/ports/social"
)

// result is what a call returned. Only the fields of its kind are set.
type result struct {
	outcome    *social.Outcome
	cursor     *social.Cursor
	ref        *social.Ref
	visible    *bool
	connection *social.Connection
	redirect   *social.Redirect
	credential *social.Credential
	problems   []social.Problem
	limits     *social.Limits
	metrics    social.Metrics
	choices    []social.Connection
	options    []social.Option
	mentions   []social.Mention
	series     social.Series
	// rates are what the call reported meanwhile.
	rates []social.Rate
	err   error
	// missing says which capability the call needs and the provider lacks.
	missing string
	// panicked is what the call panicked with.
	panicked any
	// mutated says that the call changed what it was given.
	mutated bool
}

// caller makes one kind of call.
type caller struct {
	// capability is the name in social.Capabilities.Names; empty: every
	// provider has it.
	capability string
	// pure calls do no I/O and take no context.
	pure bool
	// reads marks calls that must change nothing.
	reads bool
	make  func(ctx context.Context, p social.Provider, c Case) result
}

func calls() map[string]caller {
	return map[string]caller{
		"publish":         {make: callPublish},
		"prepare":         {capability: "prepare", make: callPrepare},
		"check":           {capability: "prepare", reads: true, make: callCheck},
		"find":            {capability: "find", reads: true, make: callFind},
		"confirm":         {capability: "confirm", reads: true, make: callConfirm},
		"edit":            {capability: "edit", make: callEdit},
		"delete":          {capability: "delete", make: callDelete},
		"repost":          {capability: "repost", make: callRepost},
		"metrics":         {capability: "metrics", reads: true, make: callMetrics},
		"resolve":         {capability: "resolve", reads: true, make: callResolve},
		"choices":         {capability: "choose", reads: true, make: callChoices},
		"options":         {capability: "options", reads: true, make: callOptions},
		"mentions":        {capability: "mentions", reads: true, make: callMentions},
		"account_metrics": {capability: "account_metrics", reads: true, make: callAccountMetrics},
		"refresh":         {capability: "refresh", make: callRefresh},
		"revoke":          {capability: "revoke", make: callRevoke},
		"connect_form":    {capability: "connect_form", make: callConnectForm},
		"connect_begin":   {capability: "connect_redirect", make: callConnectBegin},
		"connect_finish":  {capability: "connect_redirect", make: callConnectFinish},
		"validate":        {pure: true, make: callValidate},
		"limits":          {pure: true, make: callLimits},
	}
}

// invoke makes the call of c. It never panics.
func invoke(ctx context.Context, p social.Provider, c Case) (r result) {
	call := calls()[c.Call]
	if call.capability != "" && !has(p, call.capability) {
		return result{missing: call.capability}
	}
	given := c.clone()
	var heard rates
	defer func() {
		if v := recover(); v != nil {
			r = result{panicked: v}
		}
		r.mutated, r.rates = given.differs(c), heard.list()
	}()
	ctx, cancel := context.WithTimeout(social.WithRates(ctx, heard.add), patience)
	defer cancel()
	return call.make(ctx, p, given)
}

// rates keeps what a provider reports, from any goroutine.
type rates struct {
	mu  sync.Mutex
	all []social.Rate
}

func (h *rates) add(r social.Rate) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = append(h.all, r)
}

func (h *rates) list() []social.Rate {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.all)
}

func has(p social.Provider, capability string) bool {
	for _, name := range social.CapabilitiesOf(p).Names() {
		if name == capability {
			return true
		}
	}
	return false
}

func callPublish(ctx context.Context, p social.Provider, c Case) result {
	out, err := p.Publish(ctx, c.target(), c.item(true), c.cursor())
	return result{outcome: &out, err: err}
}

func callPrepare(ctx context.Context, p social.Provider, c Case) result {
	cur, err := social.CapabilitiesOf(p).Prepare.Prepare(ctx, c.target(), c.item(true))
	return result{cursor: &cur, err: err}
}

func callCheck(ctx context.Context, p social.Provider, c Case) result {
	out, err := social.CapabilitiesOf(p).Prepare.Check(ctx, c.target(), c.cursor())
	return result{outcome: &out, err: err}
}

func callFind(ctx context.Context, p social.Provider, c Case) result {
	ref, err := social.CapabilitiesOf(p).Find.Find(ctx, c.target(), c.item(true))
	return result{ref: ref, err: err}
}

func callConfirm(ctx context.Context, p social.Provider, c Case) result {
	ok, err := social.CapabilitiesOf(p).Confirm.Confirm(ctx, c.target(), c.ref())
	return result{visible: &ok, err: err}
}

func callEdit(ctx context.Context, p social.Provider, c Case) result {
	ref, err := social.CapabilitiesOf(p).Edit.Edit(ctx, c.target(), c.ref(), c.item(true))
	return result{ref: &ref, err: err}
}

func callDelete(ctx context.Context, p social.Provider, c Case) result {
	return result{err: social.CapabilitiesOf(p).Delete.Delete(ctx, c.target(), c.ref())}
}

func callRepost(ctx context.Context, p social.Provider, c Case) result {
	ref, err := social.CapabilitiesOf(p).Repost.Repost(ctx, c.target(), c.ref())
	return result{ref: &ref, err: err}
}

func callMetrics(ctx context.Context, p social.Provider, c Case) result {
	m, err := social.CapabilitiesOf(p).Meter.Metrics(ctx, c.target(), c.ref())
	return result{metrics: m, err: err}
}

func callResolve(ctx context.Context, p social.Provider, c Case) result {
	ref, err := social.CapabilitiesOf(p).Resolve.Resolve(ctx, c.target(), c.ref())
	return result{ref: &ref, err: err}
}

func callChoices(ctx context.Context, p social.Provider, c Case) result {
	t := c.target()
	out, err := social.CapabilitiesOf(p).Choose.Choices(ctx, social.Connection{Account: t.Account, Traits: t.Traits, Credential: t.Credential})
	return result{choices: out, err: err}
}

func callOptions(ctx context.Context, p social.Provider, c Case) result {
	out, err := social.CapabilitiesOf(p).Options.Options(ctx, c.target(), social.OptionQuery{
		Field: c.Field, Search: c.Search, Settings: c.Item.Settings,
	})
	return result{options: out, err: err}
}

func callMentions(ctx context.Context, p social.Provider, c Case) result {
	out, err := social.CapabilitiesOf(p).Mention.Mentions(ctx, c.target(), c.Search)
	return result{mentions: out, err: err}
}

func callAccountMetrics(ctx context.Context, p social.Provider, c Case) result {
	out, err := social.CapabilitiesOf(p).Account.AccountMetrics(ctx, c.target(), social.Period{From: c.From, To: c.To})
	return result{series: out, err: err}
}

func callRefresh(ctx context.Context, p social.Provider, c Case) result {
	cr, err := social.CapabilitiesOf(p).Refresh.Refresh(ctx, c.target())
	return result{credential: &cr, err: err}
}

func callRevoke(ctx context.Context, p social.Provider, c Case) result {
	return result{err: social.CapabilitiesOf(p).Revoke.Revoke(ctx, c.target())}
}

func callConnectForm(ctx context.Context, p social.Provider, c Case) result {
	form := social.CapabilitiesOf(p).Form
	conn, err := form.ConnectWith(ctx, form.ConnectForm().WithDefaults(c.Values))
	return result{connection: &conn, err: err}
}

func callConnectBegin(ctx context.Context, p social.Provider, c Case) result {
	r := social.CapabilitiesOf(p).Redirect
	out, err := r.BeginConnect(ctx, social.ConnectRequest{
		Callback: c.callback(), State: c.state(), Values: r.RedirectForm().WithDefaults(c.Values),
	})
	return result{redirect: &out, err: err}
}

func callConnectFinish(ctx context.Context, p social.Provider, c Case) result {
	conn, err := social.CapabilitiesOf(p).Redirect.FinishConnect(ctx, social.Callback{
		Callback: c.callback(), Query: c.Query, Keep: c.Keep,
	})
	return result{connection: &conn, err: err}
}

func callValidate(_ context.Context, p social.Provider, c Case) result {
	return result{problems: p.Validate(c.item(false), c.target().Traits)}
}

func callLimits(_ context.Context, p social.Provider, c Case) result {
	l := social.CapabilitiesOf(p).LimitsFor(p.Descriptor(), c.target().Traits)
	return result{limits: &l}
}

func (c Case) callback() string {
	if c.Callback == "" {
		return "https://crier.example/cb"
	}
	return c.Callback
}

func (c Case) state() string {
	if c.State == "" {
		return "state-1"
	}
	return c.State
}

// build makes a provider for one check.
func (k *kit) build(h *host) (social.Provider, error) {
	p, err := k.New(h.deps())
	if err != nil {
		return nil, fmt.Errorf("the provider cannot be built: %w", err)
	}
	return p, nil
}
