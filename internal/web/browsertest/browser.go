// Package browsertest drives a headless Chromium in tests of pages: it opens them, acts as a person would, waits for what should
// become true, looks for trouble in the console, takes pictures, and asks axe-core what stands in the way of people with a
// disability. With CI=true a missing browser fails the test; elsewhere it skips it, by name.
package browsertest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// patience is how long a condition may take to become true on a busy machine.
const patience = 20 * time.Second

// names of the browser on the path.
var names = []string{"chromium", "chromium-browser", "google-chrome", "chrome", "headless-shell"}

// Browser is one browser without any state; it ends with the test.
type Browser struct {
	t   testing.TB
	ctx context.Context
}

// Open starts a browser.
func Open(t testing.TB) *Browser {
	t.Helper()
	path := ""
	for _, name := range names {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("there is no browser: install chromium")
		}
		t.Skip("skipped without a browser: install chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.Flag("force-prefers-reduced-motion", true))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium refuses its sandbox to root
	}
	allocator, stopAllocator := chromedp.NewExecAllocator(t.Context(), options...)
	ctx, stop := chromedp.NewContext(allocator)
	t.Cleanup(func() {
		stop()
		stopAllocator()
	})
	// What a browser and a tab are started with bounds their lives: so no time limit here.
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	return &Browser{t, ctx}
}

// Tab is one page of a browser. Its methods fail the test when they cannot do what they should.
type Tab struct {
	t   testing.TB
	ctx context.Context

	mu      sync.Mutex
	console []string
}

// Tab opens a page of a size in CSS pixels.
func (b *Browser) Tab(width, height int64) *Tab {
	b.t.Helper()
	ctx, stop := chromedp.NewContext(b.ctx)
	tab := &Tab{t: b.t, ctx: ctx}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, height)); err != nil {
		b.t.Fatalf("open a tab: %v", err)
	}
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		for message, err := range chromedp.Console(ctx) {
			if err != nil {
				return
			}
			tab.hear(message)
		}
	}()
	b.t.Cleanup(func() {
		stop()
		<-heard
	})
	return tab
}

// hear keeps what should not be in the console.
func (tab *Tab) hear(message chromedp.ConsoleMessage) {
	switch message.Type {
	case chromedp.ConsoleError, chromedp.ConsoleException, chromedp.ConsoleWarning:
		tab.mu.Lock()
		defer tab.mu.Unlock()
		tab.console = append(tab.console, fmt.Sprintf("%s: %s (%s)", message.Type, message.Text, message.URL))
	}
}

// Trouble is what the console held since the last time: errors, warnings, and what the content policy refused.
func (tab *Tab) Trouble() []string {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	trouble := tab.console
	tab.console = nil
	return trouble
}

func (tab *Tab) do(steps ...chromedp.Action[chromedp.Void]) {
	tab.t.Helper()
	ctx, stop := context.WithTimeout(tab.ctx, patience)
	defer stop()
	if err := chromedp.Do(ctx, steps...); err != nil {
		tab.t.Fatalf("browser: %v", err)
	}
}

// Go opens an address and waits until the page is loaded.
func (tab *Tab) Go(address string) {
	tab.t.Helper()
	tab.do(chromedp.Navigate(address))
}

// Eval is the value of a JavaScript expression on the page.
func Eval[T any](tab *Tab, expression string) T {
	tab.t.Helper()
	ctx, stop := context.WithTimeout(tab.ctx, patience)
	defer stop()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		tab.t.Fatalf("browser: evaluate %.200s: %v", expression, err)
	}
	return value
}

// Wait waits until a JavaScript expression is true, over page loads too.
func (tab *Tab) Wait(expression string) {
	tab.t.Helper()
	ctx, stop := context.WithTimeout(tab.ctx, patience)
	defer stop()
	again := time.NewTicker(40 * time.Millisecond)
	defer again.Stop()
	for {
		holds, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("!!("+expression+")"))
		if err == nil && holds {
			return
		}
		select {
		case <-ctx.Done():
			tab.t.Fatalf("browser: %s did not become true: %v\n%s", expression, err, tab.text())
		case <-again.C:
		}
	}
}

// text is what the page shows, for a test that failed.
func (tab *Tab) text() string {
	ctx, stop := context.WithTimeout(context.WithoutCancel(tab.ctx), 5*time.Second)
	defer stop()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string]("location.href + '\\n' + document.body.innerText"))
	if err != nil {
		return err.Error()
	}
	return text
}

// Click clicks what a CSS selector finds first.
func (tab *Tab) Click(selector string) {
	tab.t.Helper()
	tab.do(chromedp.Click(chromedp.CSS(selector)))
}

// Type puts text in place of what a field holds.
func (tab *Tab) Type(selector, text string) {
	tab.t.Helper()
	tab.do(chromedp.Clear(chromedp.CSS(selector)), chromedp.SendKeys(chromedp.CSS(selector), text))
}

// Press presses keys where the focus is.
func (tab *Tab) Press(keys string) {
	tab.t.Helper()
	tab.do(chromedp.KeyEvent(keys))
}

// Picture writes a picture of the whole page as PNG.
func (tab *Tab) Picture(file string) {
	tab.t.Helper()
	ctx, stop := context.WithTimeout(tab.ctx, patience)
	defer stop()
	image, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(file, image, 0o644)
	}
	if err != nil {
		tab.t.Fatalf("browser: picture: %v", err)
	}
}

// Axe lists what axe-core finds wrong with the page, one line each. The library is a development dependency of package.json; root
// is the repository. Where it is not installed the test is skipped, or fails with CI=true.
func (tab *Tab) Axe(root string) []string {
	tab.t.Helper()
	source, err := os.ReadFile(filepath.Join(root, "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		if os.Getenv("CI") == "true" {
			tab.t.Fatalf("axe-core is missing: run npm ci --ignore-scripts: %v", err)
		}
		tab.t.Skip("skipped without axe-core: run npm ci --ignore-scripts")
	}
	Eval[bool](tab, string(source)+";true")
	return Eval[[]string](tab, `axe.run(document, {resultTypes: ["violations"]}).then((found) => found.violations.map((one) =>
		one.id + " (" + one.impact + "): " + one.nodes.map((node) => node.target.join(" ") + " " + (node.failureSummary || "").replace(/\s+/g, " ")).join("; ")))`)
}

// Wide lists the elements that make a page scroll sideways.
func (tab *Tab) Wide() []string {
	tab.t.Helper()
	return Eval[[]string](tab, `document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll("body *")]
		.filter((one) => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest(".tabs, .sr")).map((one) => one.tagName + "." + one.className).slice(0, 10)`)
}

// Cookie sets a cookie for the pages of an address.
func (tab *Tab) Cookie(address, name, value string) {
	tab.t.Helper()
	if _, err := chromedp.Call(tab.ctx, network.SetCookie, network.SetCookieParams{Name: name, Value: value, URL: address}); err != nil {
		tab.t.Fatalf("browser: set cookie %s: %v", name, err)
	}
}
