package httpapi

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/compose"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
)

// postInput is a post as its author writes it.
type postInput struct {
	Content      string            `json:"content,omitempty" doc:"The text: short for the content of the first item." example:"We are live!"`
	Format       string            `json:"format,omitempty" enum:"native,plain,markdown,html" doc:"What every content is written in that does not say so itself. native: as each platform reads it, which is the default; plain: no sign means anything; markdown and html: each platform gets what it can show of it, and the words in any case."`
	Media        []attachmentInput `json:"media,omitempty" nullable:"false" doc:"Files: short for the media of the first item."`
	Items        []itemInput       `json:"items,omitempty" nullable:"false" doc:"The message and the replies of its thread, in order; instead of content and media."`
	Integrations []targetInput     `json:"integrations,omitempty" nullable:"false" doc:"Where it is to go. A draft may have none."`
	ScheduledAt  string            `json:"scheduledAt,omitempty" maxLength:"64" doc:"When to publish: RFC 3339, or local time without an offset, which is read in timezone." example:"2030-03-29T09:00:00+01:00"`
	Timezone     string            `json:"timezone,omitempty" maxLength:"64" doc:"The IANA time zone of a local time. Default: that of the organization." example:"Europe/Berlin"`
	Recurrence   *recurrenceBody   `json:"recurrence,omitempty" doc:"How it is repeated from scheduledAt on. Each occurrence is a delivery of its own on each integration."`
	Type         string            `json:"type,omitempty" enum:"draft,schedule,now,queue" doc:"draft: keep it; schedule: publish at scheduledAt; now: publish at once; queue: publish on each integration at its next free posting time. Default: schedule where scheduledAt is given, else draft."`
	Tags         []string          `json:"tags,omitempty" nullable:"false"`
	Review       bool              `json:"review,omitempty" doc:"Ask for an approval, even where the organization asks for none."`
	After        []afterBody       `json:"after,omitempty" nullable:"false" doc:"What is to follow on the platforms once it is out; at most 10 rules, each for every integration that publishes it."`
}

type itemInput struct {
	Content      string            `json:"content,omitempty" doc:"The text."`
	Format       string            `json:"format,omitempty" enum:"native,plain,markdown,html" doc:"What content is written in. Default: the format of the post."`
	Media        []attachmentInput `json:"media,omitempty" nullable:"false"`
	DelaySeconds int64             `json:"delaySeconds,omitempty" minimum:"0" maximum:"31536000" doc:"How long after the item before it this one goes out. The first has none."`
}

// attachmentInput is a file of an item: its id, or an object.
type attachmentInput struct{ either[attachmentObject] }

type attachmentObject struct {
	ID  string `json:"id" minLength:"1" maxLength:"128" doc:"The id of the file."`
	Alt string `json:"alt,omitempty" doc:"Describes the file here, instead of the description stored with it."`
}

// Schema implements huma.SchemaProvider.
func (attachmentInput) Schema(r huma.Registry) *huma.Schema {
	return eitherSchema[attachmentObject](r, "The id of a file, or an object with it.")
}

// Resolve implements huma.ResolverWithPath.
func (a *attachmentInput) Resolve(ctx huma.Context, path *huma.PathBuffer) []error {
	return a.check(ctx, path)
}

// targetInput is an integration of a post: its id, or an object.
type targetInput struct{ either[targetObject] }

type targetObject struct {
	ID       string      `json:"id" minLength:"1" maxLength:"128" doc:"The id of the integration."`
	Settings object      `json:"settings,omitempty" doc:"The platform's own choices for this post, by the schema that the platform names."`
	Items    []itemInput `json:"items,omitempty" nullable:"false" doc:"What goes out here, instead of the items of the post."`
}

// Schema implements huma.SchemaProvider.
func (targetInput) Schema(r huma.Registry) *huma.Schema {
	return eitherSchema[targetObject](r, "The id of an integration, or an object with it.")
}

// Resolve implements huma.ResolverWithPath. huma does not see what is inside.
func (t *targetInput) Resolve(ctx huma.Context, path *huma.PathBuffer) []error {
	errs := t.check(ctx, path)
	path.Push("items")
	for i := range t.full.Items {
		path.PushIndex(i)
		path.Push("media")
		for k := range t.full.Items[i].Media {
			path.PushIndex(k)
			errs = append(errs, t.full.Items[i].Media[k].check(ctx, path)...)
			path.Pop()
		}
		path.Pop()
		path.Pop()
	}
	path.Pop()
	return errs
}

// whens is what the types of a post are called in the core.
var whens = map[string]compose.When{"": "", "draft": core.Draft, "schedule": core.At, "now": core.Now, "queue": core.Queue}

// short reports whether the author used content and media instead of items.
func (p *postInput) short() bool { return len(p.Items) == 0 }

// toCore returns the post as the core takes it, and what is wrong with it
// before that.
func (p *postInput) toCore() (core.PostInput, []fault.Problem) {
	out := core.PostInput{When: whens[p.Type], Time: p.ScheduledAt, Zone: p.Timezone, Recurrence: p.Recurrence.toCore(), Tags: p.Tags, Review: p.Review, After: toAfter(p.After, p.Format)}
	var problems []fault.Problem
	if p.short() {
		if p.Content != "" || len(p.Media) > 0 {
			out.Items = []domain.Item{{Text: p.Content, Format: toFormat(p.Format, ""), Media: toAttachments(p.Media)}}
		}
	} else {
		out.Items = toItems(p.Items, p.Format)
		for field, given := range map[string]bool{"content": p.Content != "", "media": len(p.Media) > 0} {
			if given {
				problems = append(problems, fault.Problem{Field: field, Rule: "ambiguous", Message: "Give either items, or content and media, but not both."})
			}
		}
	}
	for _, t := range p.Integrations {
		target := domain.Target{Channel: domain.ChannelID(t.full.ID), Settings: json.RawMessage(t.full.Settings), Items: toItems(t.full.Items, p.Format)}
		if t.short {
			target.Channel = domain.ChannelID(t.id)
		}
		out.Targets = append(out.Targets, target)
	}
	slices.SortFunc(problems, func(a, b fault.Problem) int { return strings.Compare(a.Field, b.Field) })
	return out, problems
}

// toFormat reads a format, or where nothing is said the usual one.
func toFormat(format, usual string) domain.Format {
	format = cmp.Or(format, usual)
	if format == formatNative {
		return domain.FormatNative
	}
	return domain.Format(format)
}

// formatNative is what people call domain.FormatNative.
const formatNative = "native"

func fromFormat(f domain.Format) string { return cmp.Or(string(f), formatNative) }

func toItems(in []itemInput, format string) []domain.Item {
	var out []domain.Item
	for _, it := range in {
		out = append(out, domain.Item{
			Text: it.Content, Format: toFormat(it.Format, format), Media: toAttachments(it.Media), Delay: time.Duration(it.DelaySeconds) * time.Second,
		})
	}
	return out
}

func toAttachments(in []attachmentInput) []domain.Attachment {
	var out []domain.Attachment
	for _, a := range in {
		id := a.full.ID
		if a.short {
			id = a.id
		}
		out = append(out, domain.Attachment{Media: domain.MediaID(id), Alt: a.full.Alt})
	}
	return out
}

// rename gives the problems in err the paths of what the author sent.
func (p *postInput) rename(err error) error {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || len(f.Problems) == 0 {
		return err
	}
	renamed := *f
	renamed.Problems = p.paths(f.Problems)
	return &renamed
}

func (p *postInput) paths(problems []fault.Problem) []fault.Problem {
	out := slices.Clone(problems)
	for i := range out {
		out[i].Field = p.path(out[i].Field)
	}
	return out
}

// path is the author's name for a field of the core's.
func (p *postInput) path(field string) string {
	if field == "when" {
		return "type"
	}
	for from, to := range map[string]string{".text": ".content", ".delay": ".delaySeconds", ".watch": ".watchSeconds"} {
		if rest, ok := strings.CutSuffix(field, from); ok {
			field = rest + to
		}
	}
	if rest, ok := strings.CutSuffix(field, ".channel"); ok {
		return rest + ".integration"
	}
	if rest, ok := strings.CutPrefix(field, "channels"); ok {
		return p.targetPath("integrations" + rest)
	}
	if !p.short() {
		return field
	}
	switch rest, ok := strings.CutPrefix(field, "items[0]"); {
	case field == "items" || ok && rest == "":
		return "content"
	case ok:
		return strings.TrimPrefix(rest, ".")
	default:
		return field
	}
}

// targetPath leaves the field id away where only an id was given.
func (p *postInput) targetPath(field string) string {
	for i, t := range p.Integrations {
		if t.short && field == fmt.Sprintf("integrations[%d].id", i) {
			return strings.TrimSuffix(field, ".id")
		}
	}
	return field
}
