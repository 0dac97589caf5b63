package slack

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/crierhq/crier/testkit/simulator"
)

// register says where the bytes of a file go.
func (s *StandIn) register(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	size, err := strconv.ParseInt(r.PostFormValue("length"), 10, 64)
	if err != nil || size <= 0 || r.PostFormValue("filename") == "" {
		fail(w, "missing_argument")
		return
	}
	u := s.m.NewUpload(simulator.Upload{
		ID: "F" + s.m.NewID(), Platform: platform, Account: t.Account.ID, Want: size, Alt: r.PostFormValue("alt_txt"),
		Extra: map[string]string{"name": r.PostFormValue("filename")},
	})
	fine(w, object{"upload_url": s.m.URL(store, "/upload/v1/"+u.ID), "file_id": u.ID})
}

// bytes takes a file. Who sends it does not matter: the address does.
func (s *StandIn) bytes(w http.ResponseWriter, r *http.Request) {
	u := s.m.Upload(platform, r.PathValue("key"))
	if u == nil || u.Size > 0 || u.Append(r.Body) != nil || u.Size != u.Want {
		http.Error(w, "not ok", http.StatusBadRequest)
		return
	}
	s.m.Process(u, 2*time.Second)
	_, _ = fmt.Fprintf(w, "OK - %d", u.Size)
}

// share makes a message of files. People see it once all of them are worked off.
func (s *StandIn) share(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	var in struct {
		Files []struct {
			ID    string `json:"id"`
			Title string `json:"title"`
		} `json:"files"`
		Channel string `json:"channel_id"`
		Comment string `json:"initial_comment"`
		Thread  string `json:"thread_ts"`
	}
	if !simulator.Read(r, &in) || len(in.Files) == 0 {
		fail(w, "invalid_arguments")
		return
	}
	at, files, list := s.m.Now(), []*simulator.Upload{}, []object{}
	for _, f := range in.Files {
		u := s.m.Upload(platform, f.ID)
		if u == nil || u.Account != t.Account.ID || u.Done.IsZero() || u.Extra["ts"] != "" {
			fail(w, "file_not_found")
			return
		}
		if u.Done.After(at) {
			at = u.Done
		}
		files, list = append(files, u), append(list, object{"id": u.ID, "title": f.Title})
	}
	if !s.out(w, t, in.Channel, in.Comment, in.Thread) {
		return
	}
	p := s.publish(t, draft{Channel: in.Channel, Text: in.Comment, Thread: in.Thread}, files, at)
	for _, u := range files {
		u.Extra["ts"] = p.ID
	}
	fine(w, object{"files": list})
}

// own finds a file of the bot, or says that there is none.
func (s *StandIn) own(w http.ResponseWriter, t *simulator.Token, id string) *simulator.Upload {
	u := s.m.Upload(platform, id)
	switch {
	case u == nil || u.Account != t.Account.ID || u.Done.IsZero():
		fail(w, "file_not_found")
	case u.Extra["deleted"] != "":
		fail(w, "file_deleted")
	default:
		return u
	}
	return nil
}

func (s *StandIn) file(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	u := s.own(w, t, r.URL.Query().Get("file"))
	if u == nil {
		return
	}
	shares, in := object{}, []string{}
	if p := s.m.Post(platform, u.Extra["ts"]); p != nil && !p.At.After(s.m.Now()) {
		one := object{"ts": p.ID, "channel_name": p.Extra["channel"], "team_id": p.Account, "reply_users": []string{}, "reply_users_count": 0, "reply_count": 0}
		if p.Parent != "" {
			one["thread_ts"] = p.Parent
		}
		shares["public"], in = object{p.Extra["channel"]: []object{one}}, []string{p.Extra["channel"]}
	}
	fine(w, object{
		"file": object{
			"id": u.ID, "name": u.Extra["name"], "title": u.Extra["name"], "mimetype": u.Type, "size": u.Size, "user": botOf(t),
			"shares": shares, "channels": in, "groups": []string{}, "ims": []string{}, "timestamp": s.m.Now().Unix(), "created": s.m.Now().Unix(),
		},
		"comments": []object{},
	})
}

func (s *StandIn) removeFile(w http.ResponseWriter, r *http.Request, t *simulator.Token) {
	var in struct {
		File string `json:"file"`
	}
	_ = simulator.Read(r, &in)
	if u := s.own(w, t, in.File); u != nil {
		u.Extra["deleted"] = "yes"
		fine(w, object{})
	}
}
