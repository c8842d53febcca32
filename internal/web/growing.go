package web

import (
	"bytes"
	"fmt"
	"net/http"
)

// growing sends a page piece by piece: what stands before its mark at once, each piece as it comes, and what stands behind the mark at
// the end. So it grows before the reader's eyes with JavaScript or without.
type growing struct {
	site  *site
	w     http.ResponseWriter
	page  page // rendered at the beginning and at the end: what only stands behind the mark may change in between
	mark  string
	begun bool
}

// parts renders the page and cuts it at the mark.
func (g *growing) parts() (before, after []byte, err error) {
	var whole bytes.Buffer
	if err := g.site.views.byName[g.page.view()].ExecuteTemplate(&whole, "layout", g.page); err != nil {
		return nil, nil, fmt.Errorf("render the view %s: %w", g.page.view(), err)
	}
	before, after, found := bytes.Cut(whole.Bytes(), []byte(g.mark))
	if !found {
		return nil, nil, fmt.Errorf("render the view %s: it has no place for its pieces", g.page.view())
	}
	return before, after, nil
}

// begin sends what stands before the mark, once. An error without begun is one that the reader can still be told of.
func (g *growing) begin() error {
	if g.begun {
		return nil
	}
	before, _, err := g.parts()
	if err != nil {
		return err
	}
	g.begun = true
	g.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	g.w.Header().Set("X-Accel-Buffering", "no") // a proxy that collects the page would spoil it
	g.w.WriteHeader(http.StatusOK)
	return g.send(before)
}

// piece sends a template of the view.
func (g *growing) piece(name string, data any) error {
	if err := g.begin(); err != nil {
		return err
	}
	var text bytes.Buffer
	if err := g.site.views.byName[g.page.view()].ExecuteTemplate(&text, name, data); err != nil {
		return fmt.Errorf("render the piece %s: %w", name, err)
	}
	return g.send(text.Bytes())
}

// end sends what stands behind the mark. Something was sent before, so an error can only be logged.
func (g *growing) end(r *request) error {
	_, after, err := g.parts()
	if err != nil {
		g.site.Log.ErrorContext(r.Context(), "end a page", "path", r.URL.Path, "error", err)
		return nil
	}
	_ = g.send(after) // a reader who went away is nobody's trouble
	return nil
}

func (g *growing) send(text []byte) error {
	if _, err := g.w.Write(text); err != nil {
		return err
	}
	return http.NewResponseController(g.w).Flush()
}
