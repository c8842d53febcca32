package web

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
)

// Every page of the wizard is asked of another node than the one before, as behind a balancer without memory.
func TestWizard_goes_on_at_any_node(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tester := &scriptedTester{password: canary, calendars: []service.FoundCalendar{{Href: "https://calendars.example/a/", Name: "Werk"}}}
	nodes := make([]*httptest.Server, 2)
	for i := range nodes {
		w.testedBy(tester, nil, nil, nil)
		nodes[i] = w.server
	}
	b := w.browse(w.an)
	asked := 0
	next := func() { asked++; w.server = nodes[asked%2] }
	draft := b.wizard(w.luc)
	next()
	b.post(draft+"/test", typed(canary)).shows(t, http.StatusOK, `href="`+draft+`/shown"`)
	next()
	b.post(draft+"/shown", url.Values{"shown": {"full"}}).shows(t, http.StatusOK, "Werk")
	next()
	b.get(draft+"/parameters").shows(t, http.StatusOK, "Leeg laten houdt het wachtwoord")
	next()
	b.post(draft+"/save", nil).shows(t, http.StatusOK, "De koppeling is gemaakt.")
	if last := tester.last(); last.Password != canary {
		t.Errorf("saved with %+v", last)
	}
}

func TestWizard_what_is_typed_is_sealed_and_its_typers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tester := &scriptedTester{password: canary, calendars: []service.FoundCalendar{{Href: "https://calendars.example/a/", Name: "Werk"}}}
	w.testedBy(tester, nil, nil, nil)
	b := w.browse(w.an)
	draft := b.wizard(w.luc)
	b.post(draft+"/test", typed(canary))
	other := w.luc
	other.User.Role = w.an.User.Role
	id, err := crm.ParseID[crm.Link](strings.Split(draft, "/")[3])
	w.must(err)
	w.must(w.Store.Read(t.Context(), func(tx *store.Tx) error {
		row, err := tx.Wizard(id)
		if len(row.Sealed) == 0 || bytes.Contains(row.Sealed, []byte(canary)) {
			t.Errorf("it is not sealed: %q", row.Sealed)
		}
		return err
	}))
	if _, err := w.Wizard(t.Context(), other, id); err == nil {
		t.Error("another administrator sees what is typed")
	}
}

// A field that a page fills in and the next node does not know would be lost without a word.
func TestDraft_every_field_is_kept(t *testing.T) {
	t.Parallel()
	of, kept := reflect.TypeFor[draft](), reflect.TypeFor[keptDraft]()
	for i := range of.NumField() {
		name := of.Field(i).Name
		if _, found := kept.FieldByNameFunc(func(other string) bool { return strings.EqualFold(other, name) }); !found && name != "id" {
			t.Errorf("draft.%s is not kept", name)
		}
	}
}

func TestWizard_a_certificate_is_remembered_unseen_and_goes_where_it_was_typed_for(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tester := &scriptedTester{password: canary, calendars: []service.FoundCalendar{{Href: "https://calendars.example/a/", Name: "Werk"}}}
	w.testedBy(tester, nil, nil, nil)
	b := w.browse(w.an)
	draft := b.wizard(w.luc)
	form := typed(canary)
	form.Set("client_certificate", "-----BEGIN canary-certificate")
	form.Set("client_key", "-----BEGIN canary-key")
	form.Set("authority", "-----BEGIN canary-authority")
	b.post(draft+"/test", form)
	want := service.LinkTLS{Certificate: "-----BEGIN canary-certificate", Key: "-----BEGIN canary-key", Authorities: "-----BEGIN canary-authority"}
	if got := tester.last().TLS; got != want {
		t.Errorf("tested with %+v", got)
	}
	page := b.get(draft + "/parameters")
	page.shows(t, http.StatusOK, "Wat u eerder plakte wordt onthouden", `<details class="certificate" open>`, `name="forget_certificate"`)
	page.hides(t, "canary")
	b.post(draft+"/test", typed(""))
	if got := tester.last().TLS; got != want {
		t.Errorf("left empty, tested with %+v", got)
	}
	elsewhere := typed(canary)
	elsewhere.Set("address", "https://elsewhere.example/")
	b.post(draft+"/test", elsewhere)
	if got := tester.last().TLS; got != (service.LinkTLS{}) {
		t.Errorf("it went to another address: %+v", got)
	}
}
