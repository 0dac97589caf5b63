package httpapi

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// about is what holds for all operations.
const about = `Schedule posts to social networks, publish them, and see what became of them.

Every failure has the same body, an ErrorBody. Its ` + "`code`" + ` is a stable word for the reason; ` + "`errors`" + ` lists everything that is wrong
with a request at once. Times are RFC 3339, in UTC. Lists come in pages: ask for the next one with the ` + "`cursor`" + ` in ` + "`page.next`" + `.`

// tagTexts says what the operations of a tag are about. The explorer shows them
// in the order of tagOrder.
var tagTexts = map[string]string{
	tagAuth:         "Who is there: accounts, sign-ins and their tokens.",
	tagPeople:       "What belongs to a person: their profile, sign-ins, password and second factor.",
	tagAgencies:     "Organizations: what belongs together, and the people who share it.",
	tagAnalytics:    "Numbers that platforms tell of accounts and posts.",
	tagIntegrations: "Connected accounts on the platforms, and the platforms themselves.",
	tagPosts:        "What is published, where and when, and what became of it.",
	tagMedia:        "Images, videos and documents.",
	tagPublic:       "For programs with an API key, under addresses that last. The same as in the rest of the API.",
	tagKeys:         "Keys by which programs act for the person who made them.",
	tagAudit:        "Who did what to what. It only grows.",
	tagJobs:         "Work beside publishing that failed for good.",
	tagSettings:     "What concerns the whole installation.",
	tagHealth:       "Does it run, and how well?",
}

// tagOrder is how a reader gets to know the API; tags that it does not name
// follow in the order of the alphabet.
var tagOrder = []string{tagAuth, tagPeople, tagAgencies, tagIntegrations, tagPosts, tagAnalytics, tagMedia, tagJobs, tagSettings, tagHealth}

// describe completes the document once all operations are in it: texts, tags,
// and an example of everything that is sent and answered.
func (a *api) describe() {
	doc := a.huma.OpenAPI()
	if doc.Info.Description == "" {
		doc.Info.Description = about
	}
	if doc.Info.Contact == nil {
		doc.Info.Contact = &huma.Contact{Name: "Crier", URL: "https://github.com/crierhq/crier"}
	}
	if len(doc.Servers) == 0 {
		doc.Servers = []*huma.Server{{URL: "/", Description: "The server that this document comes from."}}
	}
	used := map[string]bool{}
	for _, item := range doc.Paths {
		for _, op := range operationsOf(item) {
			for _, tag := range op.Tags {
				used[tag] = true
			}
			addExamples(doc, op)
		}
	}
	for _, t := range doc.Tags {
		delete(used, t.Name)
	}
	for _, tag := range slices.Concat(tagOrder, slices.Sorted(maps.Keys(used))) {
		if used[tag] {
			doc.Tags = append(doc.Tags, &huma.Tag{Name: tag, Description: tagTexts[tag]})
			delete(used, tag)
		}
	}
}

// operationsOf is what can be done at a path, by method.
func operationsOf(item *huma.PathItem) map[string]*huma.Operation {
	all := map[string]*huma.Operation{
		http.MethodGet: item.Get, http.MethodPost: item.Post, http.MethodPut: item.Put, http.MethodPatch: item.Patch, http.MethodDelete: item.Delete,
	}
	maps.DeleteFunc(all, func(_ string, op *huma.Operation) bool { return op == nil })
	return all
}

// addExamples gives an operation examples where it has none.
func addExamples(doc *huma.OpenAPI, op *huma.Operation) {
	ex := examples{doc.Components.Schemas}
	if op.RequestBody != nil {
		addExample(op.RequestBody.Content, func(s *huma.Schema) any {
			if own, ok := requestExamples[op.OperationID]; ok {
				return own
			}
			return ex.of(s, "", true)
		})
	}
	for status, answer := range op.Responses {
		if strings.HasPrefix(status, "2") {
			addExample(answer.Content, func(s *huma.Schema) any { return ex.of(s, "", false) })
		}
	}
	for _, p := range op.Parameters {
		if p.Example == nil && p.In == "path" {
			p.Example = ex.of(p.Schema, p.Name, true)
		}
	}
}

// addExample gives JSON an example where it has none.
func addExample(content map[string]*huma.MediaType, make func(*huma.Schema) any) {
	if media := content["application/json"]; media != nil && media.Example == nil {
		media.Example = make(media.Schema)
	}
}

// errorResponse documents a failure, once for all operations.
func (a *api) errorResponse(status int) *huma.Response {
	all := a.huma.OpenAPI().Components
	if all.Responses == nil {
		all.Responses = map[string]*huma.Response{}
	}
	name := strings.ReplaceAll(http.StatusText(status), " ", "")
	if all.Responses[name] == nil {
		body := &ErrorBody{StatusCode: status, Code: codes[status], Message: errorTexts[status], Errors: []FieldError{}, RequestID: exampleRequest}
		if status == http.StatusBadRequest {
			body.Code, body.Message = "validation_failed", "Validation failed"
			body.Errors = []FieldError{{Field: "email", Message: "This is not an e-mail address.", Code: "format"}}
		}
		all.Responses[name] = &huma.Response{
			Description: errorTexts[status],
			Content: map[string]*huma.MediaType{
				"application/json": {Schema: &huma.Schema{Ref: "#/components/schemas/" + errorSchema}, Example: body},
			},
		}
	}
	return &huma.Response{Ref: "#/components/responses/" + name}
}

// errorTexts say what a status means here.
var errorTexts = map[int]string{
	http.StatusBadRequest:            "The request is wrong. `errors` says what must change, all at once.",
	http.StatusUnauthorized:          "Nobody is signed in, or the token is not good any more.",
	http.StatusPaymentRequired:       "The plan of the organization does not allow this.",
	http.StatusForbidden:             "Whoever asks may not do this.",
	http.StatusNotFound:              "There is no such thing, or it is not yours.",
	http.StatusConflict:              "As things stand now this cannot be done.",
	http.StatusPreconditionFailed:    "It was changed since it was read. Read it again.",
	http.StatusRequestEntityTooLarge: "The body is too large.",
	http.StatusUnsupportedMediaType:  "The body is of a type that is not understood here.",
	http.StatusUnprocessableEntity:   "The idempotency key was used for another request.",
	http.StatusTooManyRequests:       "Too many requests. The header Retry-After says when to try again.",
	http.StatusInternalServerError:   "Something went wrong on the server, and was logged there.",
	http.StatusServiceUnavailable:    "Something that is needed does not answer. Try again later.",
}
