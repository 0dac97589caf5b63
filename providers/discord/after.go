package discord

import (
	"context"
	"net/http"

	"github.com/crierhq/crier/ports/social"
	"github.com/crierhq/crier/providers/kit/rest"
)

// at is the path of a published message.
func at(ref social.Ref) string { return messagePath(ref.Extra[extraChannel], ref.ID) }

// Confirm implements social.Confirmer.
func (p *Provider) Confirm(ctx context.Context, _ social.Target, ref social.Ref) (bool, error) {
	var m message
	err := p.get(ctx, at(ref), nil, &m)
	return there(m, err)
}

// there reads the answer to the question for a message.
func there(m message, err error) (bool, error) {
	code := codeOf(err)
	switch {
	case code == unknownMessage || code == unknownChannel:
		return false, nil
	case err == nil && m.ID == "":
		return false, social.Errorf(social.CodeUnavailable, "Discord sent an answer that we cannot read.")
	}
	return err == nil, err
}

// Edit implements social.Editor. It changes the text.
// https://discord.com/developers/docs/resources/message#edit-message
func (p *Provider) Edit(ctx context.Context, _ social.Target, ref social.Ref, it social.Item) (social.Ref, error) {
	set, err := social.DecodeSettings[Settings](it.Settings)
	if err != nil {
		return social.Ref{}, err
	}
	payload, err := changed(ref, it, set.first(it).style())
	if err != nil {
		return social.Ref{}, err
	}
	return ref, p.bot(ctx, http.MethodPatch, at(ref), rest.Request{JSON: payload, Reads: true})
}

// Delete implements social.Deleter. A post in a forum goes with its thread.
func (p *Provider) Delete(ctx context.Context, _ social.Target, ref social.Ref) error {
	path := at(ref)
	if ref.Extra[extraKind] == kindPost {
		path = channelPath(ref.Extra[extraChannel])
	}
	err := p.bot(ctx, http.MethodDelete, path, rest.Request{Reads: true})
	if code := codeOf(err); code == unknownMessage || code == unknownChannel {
		return nil
	}
	return err
}

// Metrics implements social.Meter: how many reactions a message has, and how many
// messages there are in its thread.
func (p *Provider) Metrics(ctx context.Context, _ social.Target, ref social.Ref) (social.Metrics, error) {
	var m message
	if err := p.get(ctx, at(ref), nil, &m); err != nil {
		return nil, err
	}
	if m.ID == "" {
		return nil, social.Errorf(social.CodeUnavailable, "Discord sent an answer that we cannot read.")
	}
	out := social.Metrics{social.MetricLikes: 0}
	for _, r := range m.Reactions {
		out[social.MetricLikes] += max(0, r.Count)
	}
	if m.Thread != nil {
		out[social.MetricReplies] = max(0, m.Thread.Count)
	}
	return out, nil
}
