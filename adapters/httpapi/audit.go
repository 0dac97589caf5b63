package httpapi

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/core/fault"
	"github.com/crierhq/crier/ports/permit"
	"github.com/crierhq/crier/ports/store"
)

const tagAudit = "Audit log"

// auditBody is an entry of the audit log. It is a line of an export, too.
type auditBody struct {
	ID         string               `json:"id"`
	At         string               `json:"at" format:"date-time"`
	User       string               `json:"user,omitempty" doc:"The id of who did it, or for whom the key did; absent for a program."`
	Key        string               `json:"key,omitempty" doc:"The id of the API key that did it."`
	Action     string               `json:"action" example:"channel.connected"`
	Resource   string               `json:"resource" doc:"The kind of what it was done to." example:"channel"`
	ResourceID string               `json:"resourceId,omitempty"`
	Name       string               `json:"name,omitempty" doc:"What people called it then."`
	Changes    []domain.AuditChange `json:"changes" nullable:"false" doc:"What became something else. Nothing of it is secret."`
	RequestID  string               `json:"requestId,omitempty" doc:"Names the request in the server's log."`
	Network    string               `json:"network,omitempty" doc:"The network that the request came from." example:"203.0.113.0/24"`
}

// AuditQuery is what narrows the audit log. It is exported because parameters are
// only found in what is.
type AuditQuery struct {
	User       string `query:"user" maxLength:"128" doc:"What this person did, by a key or not."`
	Key        string `query:"key" maxLength:"128" doc:"What the API key with this id did. The id is no secret."`
	Action     string `query:"action" maxLength:"128" example:"channel.connected"`
	Resource   string `query:"resource" maxLength:"128" example:"channel"`
	ResourceID string `query:"resourceId" maxLength:"128"`
	From       string `query:"from" maxLength:"64" doc:"The earliest time, included."`
	To         string `query:"to" maxLength:"64" doc:"The latest time, not included."`
}

type listAuditInput struct {
	signedIn
	AuditQuery
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Cursor string `query:"cursor" maxLength:"512"`
}

type listAuditOutput struct {
	Link string `header:"Link"`
	Body struct {
		Data []auditBody `json:"data" nullable:"false"`
		Page pageInfo    `json:"page"`
	}
}

type exportAuditInput struct {
	signedIn
	AuditQuery
	Format string `query:"format" enum:"csv,jsonl" default:"jsonl" doc:"csv: a table with a line of titles; jsonl: an object on each line."`
}

type exportAuditOutput struct{ Body func(huma.Context) }

func (a *api) registerAudit() {
	needs := permission{permit.Audit, permit.Read}
	handle(a, spec{
		id: "list-audit", method: http.MethodGet, path: "/settings/audit", tag: tagAudit, status: http.StatusOK, needs: needs,
		summary: "List who did what", text: "The newest first. Nobody can change or remove an entry.", errors: []int{400},
	}, a.listAudit)
	op := handle(a, spec{
		id: "export-audit", method: http.MethodGet, path: "/settings/audit/export", tag: tagAudit, status: http.StatusOK, needs: needs,
		summary: "Export who did what", text: "All that matches, the newest first. A connection that is cut means that the export is not whole.", errors: []int{400},
	}, a.exportAudit)
	a.documentContent(op, map[string]*huma.Schema{"application/jsonl": {Type: huma.TypeString}, "text/csv": {Type: huma.TypeString}})
}

func (a *api) auditFilter(ctx context.Context, actor domain.Actor, q AuditQuery) (store.AuditFilter, error) {
	f := store.AuditFilter{
		User: domain.UserID(q.User), Key: domain.APIKeyID(q.Key), Action: q.Action, Resource: q.Resource, ResourceID: q.ResourceID,
	}
	var problems []fault.Problem
	for _, p := range []struct {
		field, text string
		into        *time.Time
	}{{"from", q.From, &f.From}, {"to", q.To, &f.To}} {
		at, err := a.optionalTime(ctx, actor, p.field, p.text)
		problems = append(problems, problemsOf(err)...)
		*p.into = at
	}
	return f, fault.Check(problems)
}

func (a *api) listAudit(ctx context.Context, in *listAuditInput) (*listAuditOutput, error) {
	f, err := a.auditFilter(ctx, in.actor, in.AuditQuery)
	if err != nil {
		return nil, err
	}
	if f.Page, err = askPage(in.Limit, in.Cursor); err != nil {
		return nil, err
	}
	rows, err := a.eng.Audit.List(ctx, in.actor, f)
	if err != nil {
		return nil, err
	}
	out := &listAuditOutput{}
	rows, out.Body.Page = cut(rows, in.Limit, afterEntry)
	out.Link = a.linkHeader(in.req, out.Body.Page)
	out.Body.Data = make([]auditBody, len(rows))
	for i, e := range rows {
		out.Body.Data[i] = fromEntry(e)
	}
	return out, nil
}

func afterEntry(e domain.AuditEntry) store.Position {
	return store.Position{At: e.At, ID: string(e.ID)}
}

// exportPage is how many entries of an export are in memory at once.
const exportPage = 500

// exportAudit reads the first page before it answers, so that what goes wrong
// by then has a status of its own.
func (a *api) exportAudit(ctx context.Context, in *exportAuditInput) (*exportAuditOutput, error) {
	f, err := a.auditFilter(ctx, in.actor, in.AuditQuery)
	if err != nil {
		return nil, err
	}
	f.Limit = exportPage
	rows, err := a.eng.Audit.List(ctx, in.actor, f)
	if err != nil {
		return nil, err
	}
	return &exportAuditOutput{Body: func(hc huma.Context) {
		write := writeLines(hc, in.Format)
		for len(rows) > 0 && err == nil {
			for _, e := range rows {
				if err = write(fromEntry(e)); err != nil {
					break
				}
			}
			if err != nil || len(rows) < exportPage {
				break
			}
			f.After = afterEntry(rows[len(rows)-1])
			rows, err = a.eng.Audit.List(ctx, in.actor, f)
		}
		if err != nil {
			a.cfg.Log.WarnContext(ctx, "an export of the audit log was cut off", "id", traceOf(ctx).id, "error", err)
			panic(http.ErrAbortHandler) // so that nobody takes it for the whole
		}
	}}, nil
}

// writeLines begins an answer of this format and returns what adds an entry.
func writeLines(hc huma.Context, format string) func(auditBody) error {
	contentType, write := "application/jsonl", func(w io.Writer) func(auditBody) error {
		enc := json.NewEncoder(w)
		return func(e auditBody) error { return enc.Encode(e) }
	}
	if format == "csv" {
		contentType, write = "text/csv; charset=utf-8", writeCSV
	}
	hc.SetHeader("Content-Type", contentType)
	hc.SetHeader("Content-Disposition", `attachment; filename="audit.`+format+`"`)
	hc.SetStatus(http.StatusOK)
	return write(hc.BodyWriter())
}

func writeCSV(w io.Writer) func(auditBody) error {
	table := csv.NewWriter(w)
	err := table.Write([]string{"id", "at", "user", "key", "action", "resource", "resourceId", "name", "changes", "requestId", "network"})
	return func(e auditBody) error {
		if err != nil {
			return err
		}
		changes, err := json.Marshal(e.Changes)
		if err != nil {
			return err
		}
		row := []string{e.ID, e.At, e.User, e.Key, e.Action, e.Resource, e.ResourceID, e.Name, string(changes), e.RequestID, e.Network}
		for i, cell := range row {
			row[i] = inert(cell)
		}
		if err := table.Write(row); err != nil {
			return err
		}
		table.Flush()
		return table.Error()
	}
}

// inert keeps a spreadsheet from taking what somebody typed in for a formula.
func inert(cell string) string {
	if strings.IndexAny(cell, "=+-@\t\r") == 0 {
		return "'" + cell
	}
	return cell
}

func fromEntry(e domain.AuditEntry) auditBody {
	out := auditBody{
		ID: string(e.ID), At: stamp(e.At), User: string(e.User), Key: string(e.Key), Action: e.Action,
		Resource: e.Resource, ResourceID: e.ResourceID, Name: e.Name, Changes: e.Changes, RequestID: e.Request, Network: e.Network,
	}
	if out.Changes == nil {
		out.Changes = []domain.AuditChange{}
	}
	return out
}
