// Command assets bundles what browsers run into internal/web/dist, which the program embeds:
//
//	npm ci --ignore-scripts          fetches the libraries of package-lock.json into node_modules
//	go run -C tools/assets .         writes agenda.js, style.css and the icons
//
// The tree holds neither the libraries nor the result. -root names the repository; it is the folder two up by default.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/evanw/esbuild/pkg/api"
)

func main() {
	root := flag.String("root", filepath.Join("..", ".."), "the repository")
	flag.Parse()
	if err := bundle(*root); err != nil {
		fmt.Fprintln(os.Stderr, "assets:", err)
		os.Exit(1)
	}
}

// bundle writes the built files of a repository.
func bundle(root string) error {
	root, err := filepath.Abs(root)
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(root, "node_modules", "htmx.org")); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the libraries are not there: run npm ci --ignore-scripts in %s first", root)
	}
	sources := filepath.Join(root, "internal", "web", "assets")
	result := api.Build(api.BuildOptions{
		AbsWorkingDir:     root,
		EntryPoints:       []string{filepath.Join(sources, "agenda.js"), filepath.Join(sources, "style.css"), filepath.Join(sources, "icons.svg"), filepath.Join(sources, "icon.svg")},
		Outdir:            filepath.Join(root, "internal", "web", "dist"),
		Bundle:            true,
		Format:            api.FormatESModule,
		Target:            api.ES2022,
		Charset:           api.CharsetUTF8,
		LegalComments:     api.LegalCommentsEndOfFile,
		MinifyIdentifiers: true,
		MinifySyntax:      true,
		MinifyWhitespace:  true,
		Loader:            map[string]api.Loader{".svg": api.LoaderCopy},
		LogLevel:          api.LogLevelWarning,
		Write:             true,
	})
	if len(result.Errors) > 0 {
		return fmt.Errorf("bundle: %d errors, the first: %s", len(result.Errors), result.Errors[0].Text)
	}
	for _, file := range result.OutputFiles {
		name, err := filepath.Rel(root, file.Path)
		if err != nil {
			return err
		}
		fmt.Printf("%s  %d bytes\n", name, len(file.Contents))
	}
	return nil
}
