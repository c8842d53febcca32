package web

import (
	"net/http"
	"testing"
)

func TestPurge_asks_first_and_is_offered_in_the_trash_only(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	action := w.action(w.luc, "Chantier")
	b := w.browse(w.luc)
	path := "/actions/" + action.ID.String()
	b.get(path).hides(t, path+"/purge")
	b.get(path+"/purge").shows(t, http.StatusForbidden, "Supprimez-la d’abord")
	_, err := w.Delete(t.Context(), w.luc, action.ID, action.Version)
	w.must(err)
	b.get(path).shows(t, http.StatusOK, "Supprimer définitivement", path+"/purge")
	w.browse(w.tom).get(path).hides(t, path+"/purge")
	w.browse(w.tom).get(path+"/purge").shows(t, http.StatusForbidden)
	b.get(path+"/purge").shows(t, http.StatusOK, "Supprimer définitivement cette action", "Chantier")
	b.post(path+"/purge", nil).shows(t, http.StatusOK, "L’action est supprimée définitivement.")
	b.get(path).shows(t, http.StatusNotFound)
}
