package httpapi_test

import (
	"strings"
	"testing"
)

func TestIntegrationsOfACustomer(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	second := f.connect(f.ann, "second")
	bakery := f.ok(201, f.ann, "POST", "/integrations/customers", map[string]any{"name": " Blue Bakery "})
	id := bakery.text("id")
	if bakery.text("name") != "Blue Bakery" {
		t.Errorf("got %s", bakery.body)
	}
	want(t, "the same name", f.call(f.ann, "POST", "/integrations/customers", map[string]any{"name": "Blue Bakery"}), 409, "group_exists")
	want(t, "blanks", f.call(f.ann, "POST", "/integrations/customers", map[string]any{"name": "  "}), 400, "")
	if a := f.ok(200, f.ann, "PUT", "/integrations/"+f.channel+"/group", map[string]any{"group": id}); a.text("customer") != id {
		t.Errorf("got %s, want the customer", a.body)
	}
	want(t, "no such customer", f.call(f.ann, "PUT", "/integrations/"+f.channel+"/group", map[string]any{"group": "none"}), 400, "validation_failed")
	want(t, "another tenant's customer", f.call(f.ann, "PUT", "/integrations/"+f.channel+"/group", map[string]any{"group": f.customer(f.bob)}), 400, "validation_failed")

	post := func(integration string) string {
		return f.ok(201, f.ann, "POST", "/posts", map[string]any{"content": "x", "integrations": []string{integration}}).text("id")
	}
	theirs, other := post(f.channel), post(second)
	for path, ids := range map[string][2]string{
		"/integrations?customer=" + id:               {f.channel, second},
		"/posts?customer=" + id:                      {theirs, other},
		"/api/v1/public/integrations?customer=" + id: {f.channel, second},
		"/api/v1/public/posts?customer=" + id:        {theirs, other},
	} {
		if a := f.ok(200, f.ann, "GET", path, nil); !strings.Contains(string(a.body), ids[0]) || strings.Contains(string(a.body), ids[1]) {
			t.Errorf("%s: got %s, want what is the customer's only", path, a.body)
		}
	}

	if a := f.ok(200, f.ann, "PATCH", "/integrations/customers/"+id, map[string]any{"name": "Red Bakery"}); a.text("name") != "Red Bakery" {
		t.Errorf("got %s", a.body)
	}
	f.ok(204, f.ann, "DELETE", "/integrations/customers/"+id, nil)
	if a := f.ok(200, f.ann, "GET", "/integrations/"+f.channel, nil); a.text("customer") != "" {
		t.Errorf("got %s, want no customer any more", a.body)
	}
	if a := f.ok(200, f.ann, "GET", "/integrations/customers", nil); a.json("data.0") != nil {
		t.Errorf("got %s, want none", a.body)
	}
}
