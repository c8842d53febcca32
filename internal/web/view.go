package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"text/template/parse"
)

//go:embed views/*.html pieces/*.html
var templateFiles embed.FS

// page is the data of a view.
type page interface{ view() string }

// views are the templates of all views, each with the pieces it needs.
type views struct{ byName map[string]*template.Template }

// loadViews reads every view of the tables with its pieces and makes sure that nothing is missing and nothing is left over.
func loadViews(assets *assets) (*views, error) {
	v := &views{byName: map[string]*template.Template{}}
	used := map[string]bool{}
	for _, table := range viewTables {
		for name, pieces := range table {
			set := template.New(name).Funcs(template.FuncMap{"icon": assets.icon, "asset": assets.url, "hasScript": assets.hasScript})
			files := []string{"views/" + name + ".html"}
			for _, piece := range pieces {
				files = append(files, "pieces/"+piece+".html")
			}
			for _, file := range files {
				used[file] = true
				text, err := templateFiles.ReadFile(file)
				if err != nil {
					return nil, fmt.Errorf("load view %s: %w", name, err)
				}
				if _, err := set.Parse(string(text)); err != nil {
					return nil, fmt.Errorf("load %s of view %s: %w", file, name, err)
				}
			}
			if err := complete(set); err != nil {
				return nil, fmt.Errorf("load view %s: %w", name, err)
			}
			v.byName[name] = set
		}
	}
	return v, unused(used)
}

// unused names the first template file that no view needs.
func unused(used map[string]bool) error {
	return fs.WalkDir(templateFiles, ".", func(file string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && !used[file] {
			return fmt.Errorf("no view needs %s", file)
		}
		return err
	})
}

// complete makes sure that every template that a set calls is in it: otherwise that would show only when the page is asked for.
func complete(set *template.Template) error {
	for _, t := range set.Templates() {
		if t.Tree == nil {
			continue
		}
		for _, called := range calls(t.Tree.Root) {
			if found := set.Lookup(called); found == nil || found.Tree == nil {
				return fmt.Errorf("%s calls %s, which none of its pieces defines", t.Name(), called)
			}
		}
	}
	return nil
}

// calls lists the templates that a node calls.
func calls(node parse.Node) []string {
	var names []string
	branch := func(b *parse.BranchNode) {
		names = append(names, calls(b.List)...)
		if b.ElseList != nil {
			names = append(names, calls(b.ElseList)...)
		}
	}
	switch n := node.(type) {
	case *parse.ListNode:
		for _, child := range n.Nodes {
			names = append(names, calls(child)...)
		}
	case *parse.TemplateNode:
		names = append(names, n.Name)
	case *parse.IfNode:
		branch(&n.BranchNode)
	case *parse.RangeNode:
		branch(&n.BranchNode)
	case *parse.WithNode:
		branch(&n.BranchNode)
	}
	return names
}

// render writes a page whole. Nothing is written when its template fails.
func (s *site) render(w http.ResponseWriter, status int, p page) error {
	return s.renderPart(w, status, p, "layout")
}

// renderPart writes one named template of a page's view: what the script puts in place.
func (s *site) renderPart(w http.ResponseWriter, status int, p page, part string) error {
	set, known := s.views.byName[p.view()]
	if !known {
		return fmt.Errorf("render %s: no such view", p.view())
	}
	var out bytes.Buffer
	if err := set.ExecuteTemplate(&out, part, p); err != nil {
		return fmt.Errorf("render %s of %s: %w", part, p.view(), err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes()) // a reader who went away is nobody's trouble
	return nil
}
