package httpapi_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestMyProfile(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	profile := map[string]string{"name": "Ann B.", "timezone": "Asia/Tokyo", "language": "de-AT", "weekStart": "sunday", "timeFormat": "12h"}
	f.ok(200, f.ann, "PUT", "/users/me", profile)
	f.ok(200, f.ann, "PUT", "/users/me/avatar", map[string]string{"mediaId": f.file})
	me := f.ok(200, f.ann, "GET", "/users/me", nil)
	for field, want := range profile {
		if me.text(field) != want {
			t.Errorf("%s: got %s, want %s", field, me.text(field), want)
		}
	}
	if me.text("email") != "ann@example.org" || me.text("avatar.mediaId") != f.file || strings.Contains(string(me.body), "pbkdf2") {
		t.Errorf("got %s, want the address, the avatar, and no hash", me.body)
	}
	picture := strings.TrimPrefix(me.text("avatar.url"), publicURL)
	if a := f.send(httptest.NewRequestWithContext(t.Context(), "GET", picture, nil)); a.status != 200 || string(a.body) != png {
		t.Errorf("the avatar: got %d %q, want the picture", a.status, a.body)
	}
	if a := f.call(f.ann, "PUT", "/users/me/avatar", map[string]string{"mediaId": f.bobFile}); a.status != 400 || a.text("errors.0.field") != "mediaId" {
		t.Errorf("a picture of another tenant: got %d %s, want 400", a.status, a.body)
	}
	if bob := f.ok(200, f.bob, "GET", "/users/me", nil); bob.json("avatar") != nil || bob.text("name") == "Ann B." {
		t.Errorf("got %s, want nothing of Ann", bob.body)
	}
	export := f.ok(200, f.ann, "GET", "/users/me/export", nil)
	for field, want := range map[string]string{
		"person.email": "ann@example.org", "person.name": "Ann B.", "person.avatar.mediaId": f.file, "organizations.0.role": "owner", "signIns.0.network": "192.0.2.0/24",
	} {
		if export.text(field) != want {
			t.Errorf("the export: %s: got %s, want %s", field, export.text(field), want)
		}
	}
	if text := string(export.body); strings.Contains(text, "bob") || strings.Contains(text, "pbkdf2") || export.json("signIns.1") != nil || export.json("secondFactor.active") != false ||
		!strings.HasPrefix(export.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("got %v %s, want a file with what is Ann's alone, and no secrets", export.header, text)
	}
	f.ok(204, f.ann, "DELETE", "/media/"+f.file, nil)
	if me := f.ok(200, f.ann, "GET", "/users/me", nil); me.json("avatar") != nil {
		t.Errorf("got %s, want no avatar whose file is gone", me.body)
	}
	f.ok(204, f.ann, "DELETE", "/users/me/avatar", nil)
}

func TestDeleteMyAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ann := w.register("ann@example.org")
	w.clock.Add(time.Second)
	bob := w.register("bob@example.org")
	if a := w.call(bob, "DELETE", "/users/me", map[string]string{"password": "another one"}); a.status != 400 || a.text("errors.0.field") != "password" {
		t.Errorf("a wrong password: got %d %s, want 400", a.status, a.body)
	}
	if a := w.call(ann, "DELETE", "/users/me", map[string]string{"password": "long enough"}); a.status != 409 || a.text("code") != "owns_installation" {
		t.Errorf("who owns the installation: got %d %s, want 409", a.status, a.body)
	}
	w.ok(204, bob, "DELETE", "/users/me", map[string]string{"password": "long enough"})
	if a := w.call(bob, "GET", "/users/me", nil); a.status != 401 {
		t.Errorf("afterwards: got %d %s, want 401", a.status, a.body)
	}
	w.ok(200, w.register("bob@example.org"), "GET", "/users/me", nil)
}
