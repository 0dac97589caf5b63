package reddit

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/crierhq/crier/testkit/simulator"
)

// lease is a file that was announced.
type lease struct {
	id, account, key, policy string
	// file is what came; nil: nothing yet.
	file *simulator.Upload
}

// address is what posts name the file by.
func (s *StandIn) address(l *lease) string { return s.m.URL(store, "/"+url.PathEscape(l.key)) }

// announce says where the bytes of a file go.
func (s *StandIn) announce(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	kinds := []string{"image/jpeg", "image/png", "image/gif", "video/mp4", "video/quicktime"}
	if r.PostFormValue("filepath") == "" || !slices.Contains(kinds, r.PostFormValue("mimetype")) {
		fail(w, http.StatusBadRequest)
		return
	}
	id := s.newID()
	l := &lease{id: id, account: t.Account.ID, key: "rte_images/" + id, policy: s.m.NewSecret()}
	s.leases[l.key] = l
	simulator.JSON(w, http.StatusOK, object{
		"args": object{
			"action": strings.TrimPrefix(s.m.URL(store, "/"), "https:"),
			"fields": []object{{"name": "key", "value": l.key}, {"name": "policy", "value": l.policy}, {"name": "success_action_status", "value": "201"}},
		},
		"asset": object{"asset_id": id, "processing_state": "incomplete", "websocket_url": "wss://ws.wss.redditmedia.com/" + id},
	})
}

// bytes takes a file. Who sends it does not matter: the policy does.
func (s *StandIn) bytes(w http.ResponseWriter, r *http.Request) {
	u := s.m.NewUpload(simulator.Upload{Platform: platform})
	got := map[string]string{}
	whole := simulator.Parts(r, u, "file", func(name, value string) { got[name] = value })
	l := s.leases[got["key"]]
	if !whole || l == nil || got["policy"] != l.policy || r.Header.Get("Authorization") != "" {
		http.Error(w, "<Error><Code>AccessDenied</Code></Error>", http.StatusForbidden)
		return
	}
	u.Account, l.file = l.account, u
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(http.StatusCreated)
	_, _ = fmt.Fprintf(w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<PostResponse><Location>%s</Location><Key>%s</Key></PostResponse>",
		html.EscapeString(s.address(l)), html.EscapeString(l.key))
}

// uploaded finds a file of the account by its address; nil: there is none.
func (s *StandIn) uploaded(address string, t *simulator.Token) *simulator.Upload {
	for _, l := range s.leases {
		if l.account == t.Account.ID && s.address(l) == address {
			return l.file
		}
	}
	return nil
}

// asset finds a file of the account by its id; nil: there is none.
func (s *StandIn) asset(id string, t *simulator.Token) *simulator.Upload {
	if l := s.leases["rte_images/"+id]; l != nil && l.account == t.Account.ID {
		return l.file
	}
	return nil
}
