package httpapi

import (
	"time"

	"github.com/crierhq/crier/core"
	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/journal"
)

// postBody is a post with what became of it.
type postBody struct {
	ID           string          `json:"id"`
	State        string          `json:"state" enum:"draft,scheduled,publishing,published,partly_published,attention,canceled,deleted" doc:"The sum of its deliveries."`
	Content      string          `json:"content" doc:"The text of the first item."`
	Items        []itemBody      `json:"items" nullable:"false"`
	Integrations []targetBody    `json:"integrations" nullable:"false"`
	ScheduledAt  string          `json:"scheduledAt,omitempty" format:"date-time" doc:"When it is due: of a post that repeats, the next time; of a queued one, the first."`
	Timezone     string          `json:"timezone,omitempty" doc:"The zone that the author meant."`
	LocalTime    string          `json:"localTime,omitempty" doc:"What the clocks show there when it is due; of a post that repeats, when it began."`
	Recurrence   *recurrenceBody `json:"recurrence,omitempty" doc:"How it is repeated, begun at localTime in timezone."`
	Queued       bool            `json:"queued,omitempty" doc:"Whether each integration publishes it at a posting time of its own."`
	Tags         []string        `json:"tags" nullable:"false"`
	After        []afterBody     `json:"after,omitempty" nullable:"false" doc:"What is to follow once it is out."`
	Author       string          `json:"author,omitempty" doc:"The id of the person who wrote it."`
	Version      int             `json:"version" doc:"Counts the changes; it is the ETag."`
	CreatedAt    string          `json:"createdAt" format:"date-time"`
	UpdatedAt    string          `json:"updatedAt" format:"date-time"`
	Approval     approvalBody    `json:"approval"`
	Deliveries   []deliveryBody  `json:"deliveries" nullable:"false" doc:"What became of it, one for each integration and occurrence: of a post that repeats those that are to come or under way, and of the newest 20 occurrences. A draft has none."`
	Following    []deliveryBody  `json:"following,omitempty" nullable:"false" doc:"What the rules of after have come to so far: each is a delivery of its own, which never changes the state of the post."`
	Attempts     []attemptBody   `json:"attempts,omitempty" nullable:"false" doc:"Every call that could change something on a platform. Lists leave them out."`
	Timeline     []momentBody    `json:"timeline,omitempty" nullable:"false" doc:"What happened, in order; at most the newest 200. Lists leave it out."`
}

type itemBody struct {
	Content      string           `json:"content"`
	Format       string           `json:"format" enum:"native,plain,markdown,html" doc:"What content is written in."`
	Media        []attachmentBody `json:"media" nullable:"false"`
	DelaySeconds int64            `json:"delaySeconds"`
}

type attachmentBody struct {
	ID  string `json:"id"`
	Alt string `json:"alt,omitempty"`
}

type targetBody struct {
	ID       string     `json:"id"`
	Settings object     `json:"settings,omitempty"`
	Items    []itemBody `json:"items,omitempty" nullable:"false"`
}

type deliveryBody struct {
	ID          string          `json:"id"`
	Integration integrationRef  `json:"integration"`
	State       string          `json:"state" enum:"scheduled,preparing,publishing,processing,published,failed,unknown,blocked,missed,canceled"`
	Occurrence  string          `json:"occurrence,omitempty" doc:"Which occurrence of a post that repeats it is: what the clocks of its zone show then." example:"2030-03-26T09:00:00"`
	Follows     string          `json:"follows,omitempty" doc:"The delivery that it acts on; absent where it publishes the post."`
	Rule        *int            `json:"rule,omitempty" doc:"The index of the rule in after that it carries out, as they were when the post went out."`
	Action      string          `json:"action" enum:"publish,comment,repost" doc:"What it does on the platform."`
	DueAt       string          `json:"dueAt" format:"date-time"`
	Reason      *reasonBody     `json:"reason,omitempty" doc:"Why it is where it is."`
	Items       []publishedBody `json:"items" nullable:"false" doc:"One for each item; without an id where it is not out."`
	NextAt      string          `json:"nextAt,omitempty" format:"date-time" doc:"When it is worked on next, such as when it is tried again; absent where it is at an end or waits for a person."`
	UpdatedAt   string          `json:"updatedAt" format:"date-time"`
}

type reasonBody struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

type publishedBody struct {
	ID          string `json:"id,omitempty" doc:"The platform's own id."`
	URL         string `json:"url,omitempty" doc:"Where people see it."`
	PublishedAt string `json:"publishedAt,omitempty" format:"date-time"`
}

type attemptBody struct {
	ID        string      `json:"id"`
	Delivery  string      `json:"delivery"`
	Item      int         `json:"item" doc:"The index of the item."`
	Number    int         `json:"number" doc:"Counts the attempts of the delivery."`
	StartedAt string      `json:"startedAt" format:"date-time"`
	EndedAt   string      `json:"endedAt,omitempty" format:"date-time"`
	Result    string      `json:"result" enum:"open,accepted,refused,unknown" doc:"open: it was begun, and no result is on record yet."`
	Reason    *reasonBody `json:"reason,omitempty"`
	Status    int         `json:"status,omitempty" doc:"The HTTP status of the platform's answer."`
	URL       string      `json:"url,omitempty"`
}

type momentBody struct {
	At       string `json:"at" format:"date-time"`
	Event    string `json:"event" example:"delivery.published"`
	Delivery string `json:"delivery,omitempty" doc:"The delivery that it is about."`
	Text     string `json:"text" doc:"What it means, in a sentence." example:"Published."`
}

func fromView(v core.PostView, channels map[domain.ChannelID]domain.Channel) postBody {
	p := v.Post
	out := postBody{
		ID: string(p.ID), State: string(v.Summary), Items: fromItems(p.Items), Integrations: []targetBody{},
		ScheduledAt: stamp(p.DueAt), Timezone: p.Zone, LocalTime: p.Wall, Recurrence: fromRecurrence(p), Queued: p.Queued, Tags: p.Tags, Author: string(p.Author), Version: p.Version,
		CreatedAt: stamp(p.CreatedAt), UpdatedAt: stamp(p.UpdatedAt), Deliveries: []deliveryBody{},
		Approval: fromApproval(p), After: fromAfter(p.After),
	}
	if len(p.Items) > 0 {
		out.Content = p.Items[0].Text
	}
	if out.Tags == nil {
		out.Tags = []string{}
	}
	for _, t := range p.Targets {
		target := targetBody{ID: string(t.Channel), Settings: object(t.Settings)}
		if len(t.Items) > 0 {
			target.Items = fromItems(t.Items)
		}
		out.Integrations = append(out.Integrations, target)
	}
	for _, d := range v.Deliveries {
		out.Deliveries = append(out.Deliveries, fromDelivery(d, channels[d.Channel]))
	}
	for _, d := range v.Following {
		out.Following = append(out.Following, fromDelivery(d, channels[d.Channel]))
	}
	for _, at := range v.Attempts {
		out.Attempts = append(out.Attempts, fromAttempt(at))
	}
	for _, ev := range v.Events {
		out.Timeline = append(out.Timeline, fromEvent(ev))
	}
	return out
}

func fromEvent(ev domain.Event) momentBody {
	out := momentBody{At: stamp(ev.At), Event: string(ev.Kind), Text: journal.Describe(ev)}
	if ev.Subject != string(ev.Post) {
		out.Delivery = ev.Subject
	}
	return out
}

func fromItems(items []domain.Item) []itemBody {
	out := make([]itemBody, len(items))
	for i, it := range items {
		out[i] = itemBody{Content: it.Text, Format: fromFormat(it.Format), Media: make([]attachmentBody, len(it.Media)), DelaySeconds: int64(it.Delay / time.Second)}
		for k, m := range it.Media {
			out[i].Media[k] = attachmentBody{ID: string(m.Media), Alt: m.Alt}
		}
	}
	return out
}

func fromDelivery(d domain.Delivery, ch domain.Channel) deliveryBody {
	out := deliveryBody{
		ID: string(d.ID), Integration: toRef(ch), State: string(d.State), Occurrence: d.Occurrence, DueAt: stamp(d.DueAt), Reason: fromReason(d.Reason),
		Items: make([]publishedBody, len(d.Parts)), NextAt: stamp(d.WakeAt), UpdatedAt: stamp(d.UpdatedAt), Follows: string(d.Follows), Action: "publish",
	}
	if d.Follows != "" {
		out.Rule, out.Action = &d.Rule, string(d.Action)
	}
	for i, p := range d.Parts {
		if p.Ref != nil {
			out.Items[i] = publishedBody{ID: p.Ref.ID, URL: p.Ref.URL, PublishedAt: stamp(p.PublishedAt)}
		}
	}
	return out
}

// fromReason leaves out the evidence, which is for operators.
func fromReason(r domain.Reason) *reasonBody {
	if r.Code == "" && r.Message == "" {
		return nil
	}
	return &reasonBody{Code: r.Code, Message: r.Message}
}

func fromAttempt(a domain.Attempt) attemptBody {
	out := attemptBody{
		ID: string(a.ID), Delivery: string(a.Delivery), Item: a.Item, Number: a.Number, StartedAt: stamp(a.StartedAt),
		EndedAt: stamp(a.EndedAt), Result: string(a.Result), Reason: fromReason(a.Reason), Status: a.Status,
	}
	if a.Result == domain.AttemptOpen {
		out.Result = "open"
	}
	if a.Ref != nil {
		out.URL = a.Ref.URL
	}
	return out
}
