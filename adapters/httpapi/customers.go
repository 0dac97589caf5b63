package httpapi

import (
	"context"
	"net/http"

	"github.com/crierhq/crier/core/domain"
	"github.com/crierhq/crier/ports/permit"
	"github.com/crierhq/crier/ports/store"
)

// customerBody is a group of integrations, such as those of one customer.
type customerBody struct {
	ID        string `json:"id"`
	Name      string `json:"name" example:"Blue Bakery"`
	CreatedAt string `json:"createdAt" format:"date-time"`
}

type customerName struct {
	Name string `json:"name" minLength:"1" maxLength:"128" doc:"No two customers have the same." example:"Blue Bakery"`
}

type createCustomerInput struct {
	signedIn
	Body customerName
}

type renameCustomerInput struct {
	signedIn
	ID      string `path:"id" doc:"The id of the customer."`
	IfMatch string `header:"If-Match" maxLength:"128" doc:"The ETag of the version that was read. Another one means 412."`
	Body    customerName
}

type customerInput struct {
	signedIn
	ID string `path:"id" doc:"The id of the customer."`
}

type customerOutput struct {
	ETag string `header:"ETag"`
	Body customerBody
}

type listCustomersInput struct {
	signedIn
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Cursor string `query:"cursor" maxLength:"512"`
}

type listCustomersOutput struct {
	Link string `header:"Link"`
	Body struct {
		Data []customerBody `json:"data" nullable:"false"`
		Page pageInfo       `json:"page"`
	}
}

type setGroupInput struct {
	signedIn
	ID      string `path:"id" doc:"The id of the integration."`
	IfMatch string `header:"If-Match" maxLength:"128" doc:"The ETag of the integration that was read. Other settings mean 412."`
	Body    struct {
		Group string `json:"group" maxLength:"128" doc:"The id of the customer; empty: it belongs to none."`
	}
}

// registerCustomers renames with PATCH, because PUT would meet the settings of
// an integration, such as /integrations/{id}/group, which a http.ServeMux
// refuses.
func (a *api) registerCustomers() {
	handle(a, spec{
		id: "list-customers", method: http.MethodGet, path: "/integrations/customers", tag: tagIntegrations, status: http.StatusOK, needs: permission{permit.Groups, permit.Read},
		summary: "List customers", text: "A customer is a group of integrations. The oldest come first.", errors: []int{400},
	}, a.listCustomers)
	handle(a, spec{
		id: "create-customer", method: http.MethodPost, path: "/integrations/customers", tag: tagIntegrations, status: http.StatusCreated, needs: permission{permit.Groups, permit.Create},
		summary: "Add a customer", text: "Without integrations at first.", errors: []int{400, 409, 413, 415},
	}, func(ctx context.Context, in *createCustomerInput) (*customerOutput, error) {
		g, err := a.eng.Channels.CreateGroup(ctx, in.actor, in.Body.Name)
		return &customerOutput{ETag: etag(g.Version), Body: fromGroup(g)}, err
	})
	handle(a, spec{
		id: "rename-customer", method: http.MethodPatch, path: "/integrations/customers/{id}", tag: tagIntegrations, status: http.StatusOK, needs: permission{permit.Groups, permit.Update},
		summary: "Rename a customer", text: "Their integrations stay theirs.", errors: []int{400, 404, 409, 412, 413, 415},
	}, func(ctx context.Context, in *renameCustomerInput) (*customerOutput, error) {
		g, err := a.eng.Channels.RenameGroup(ctx, in.actor, domain.GroupID(in.ID), versionOf(in.IfMatch), in.Body.Name)
		return &customerOutput{ETag: etag(g.Version), Body: fromGroup(g)}, err
	})
	handle(a, spec{
		id: "delete-customer", method: http.MethodDelete, path: "/integrations/customers/{id}", tag: tagIntegrations, status: http.StatusNoContent, needs: permission{permit.Groups, permit.Delete},
		summary: "Delete a customer", text: "Their integrations stay, and belong to nobody then.", errors: []int{404},
	}, func(ctx context.Context, in *customerInput) (*struct{}, error) {
		return nil, a.eng.Channels.DeleteGroup(ctx, in.actor, domain.GroupID(in.ID))
	})
	handle(a, spec{
		id: "set-group", method: http.MethodPut, path: "/integrations/{id}/group", tag: tagIntegrations, status: http.StatusOK, needs: permission{permit.Groups, permit.Update},
		summary: "Say which customer an integration belongs to", text: "It belongs to one at most. What is scheduled on it stays.", errors: []int{400, 404, 412, 413, 415},
	}, func(ctx context.Context, in *setGroupInput) (*integrationOutput, error) {
		ch, err := a.eng.Channels.SetGroup(ctx, in.actor, domain.ChannelID(in.ID), tagOf(in.IfMatch), domain.GroupID(in.Body.Group))
		return a.integration(ch, err)
	})
}

func (a *api) listCustomers(ctx context.Context, in *listCustomersInput) (*listCustomersOutput, error) {
	page, err := askPage(in.Limit, in.Cursor)
	if err != nil {
		return nil, err
	}
	rows, err := a.eng.Channels.Groups(ctx, in.actor, page)
	if err != nil {
		return nil, err
	}
	out := &listCustomersOutput{}
	rows, out.Body.Page = cut(rows, in.Limit, func(g domain.Group) store.Position {
		return store.Position{At: g.CreatedAt, ID: string(g.ID)}
	})
	out.Link = a.linkHeader(in.req, out.Body.Page)
	out.Body.Data = make([]customerBody, len(rows))
	for i, g := range rows {
		out.Body.Data[i] = fromGroup(g)
	}
	return out, nil
}

func fromGroup(g domain.Group) customerBody {
	return customerBody{ID: string(g.ID), Name: g.Name, CreatedAt: stamp(g.CreatedAt)}
}
