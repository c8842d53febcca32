package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed all:dist
var built embed.FS

//go:embed assets/style.css assets/icons.svg assets/icon.svg
var sources embed.FS

// script is the one file that is not there without a build: it holds a library.
const script = "agenda.js"

// assets are the static files, each under an address that holds its hash, so that browsers may keep it for ever.
type assets struct {
	files map[string]asset
}

type asset struct {
	hash    string
	content []byte
}

// loadAssets reads the built files from dir, or from what was embedded when dir is nil. Without a build the style sheet and the
// icons come from their sources and there is no script: every page works, and the log says once what is missing.
func loadAssets(dir fs.FS, log *slog.Logger) (*assets, error) {
	if dir == nil {
		var err error
		if dir, err = fs.Sub(built, "dist"); err != nil {
			return nil, err
		}
	}
	a := &assets{files: map[string]asset{}}
	for _, name := range []string{"style.css", "icons.svg", "icon.svg", script} {
		content, err := fs.ReadFile(dir, name)
		if errors.Is(err, fs.ErrNotExist) && name != script {
			content, err = sources.ReadFile("assets/" + name)
		}
		switch {
		case errors.Is(err, fs.ErrNotExist):
			log.Warn("pages are served without their script: lists do not change in place until it is built",
				"missing", "internal/web/dist/"+script, "build", "npm ci --ignore-scripts && go run -C tools/assets .")
			continue
		case err != nil:
			return nil, fmt.Errorf("read static file %s: %w", name, err)
		}
		sum := sha256.Sum256(content)
		a.files[name] = asset{hex.EncodeToString(sum[:6]), content}
	}
	return a, nil
}

// url is the address of a static file.
func (a *assets) url(name string) (string, error) {
	file, known := a.files[name]
	if !known {
		return "", fmt.Errorf("there is no static file %s", name)
	}
	return path.Join("/static", file.hash, name), nil
}

func (a *assets) hasScript() bool {
	_, has := a.files[script]
	return has
}

// icon is a picture of the sprite, hidden from those who cannot see it: words stand beside it.
func (a *assets) icon(name string) template.HTML {
	return a.iconOf("icon", name)
}

func (a *assets) iconOf(class, name string) template.HTML {
	address, _ := a.url("icons.svg") // it is embedded
	return template.HTML(`<svg class="` + class + `" viewBox="0 0 16 16" aria-hidden="true"><use href="` + address + `#` +
		template.HTMLEscapeString(name) + `"/></svg>`)
}

// ServeHTTP answers GET /static/{hash}/{name}. An old address, of a page that was opened before an update, is answered with the
// file of today, which nobody may keep.
func (a *assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	file, known := a.files[r.PathValue("name")]
	if !known {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", contentType(r.PathValue("name")))
	w.Header().Set("ETag", `"`+file.hash+`"`)
	if r.PathValue("hash") == file.hash {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	http.ServeContent(w, r, "", time.Time{}, strings.NewReader(string(file.content)))
}

// contentType does not depend on what the machine knows about extensions.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return mime.TypeByExtension(path.Ext(name))
}
