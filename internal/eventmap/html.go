package eventmap

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Google keeps descriptions as HTML, and some clients write it everywhere. It is read as the text that a person sees.

// hasTags reports whether a text is HTML: it has a tag that HTML knows, closed and with nothing in it that a tag has not.
// "a < b", "<someone@example.com>" and "if x <b then c>d" are text.
func hasTags(text string) bool {
	for {
		end := strings.IndexByte(text, '>')
		if end < 0 {
			return false
		}
		if open := strings.LastIndexByte(text[:end], '<'); open >= 0 && isTag(text[open+1:end]) {
			return true
		}
		text = text[end+1:]
	}
}

// isTag looks at what stands between < and >.
func isTag(tag string) bool {
	tag = strings.TrimSuffix(strings.TrimPrefix(tag, "/"), "/")
	const document = "!doctype html"
	if len(tag) >= len(document) && strings.EqualFold(tag[:len(document)], document) {
		return true
	}
	name := tag
	if space := strings.IndexAny(tag, " \t\n"); space >= 0 {
		name = tag[:space]
		if rest := strings.TrimSpace(tag[space:]); rest != "" && !strings.ContainsRune(rest, '=') {
			return false
		}
	}
	return shownTags[atom.Lookup([]byte(strings.ToLower(name)))]
}

// shownTags are those that say how a text looks.
var shownTags = func() map[atom.Atom]bool {
	tags := map[atom.Atom]bool{}
	for _, tag := range []atom.Atom{
		atom.A, atom.B, atom.Blockquote, atom.Body, atom.Br, atom.Center, atom.Code, atom.Div, atom.Em, atom.Font, atom.H1, atom.H2, atom.H3,
		atom.H4, atom.H5, atom.H6, atom.Head, atom.Hr, atom.Html, atom.I, atom.Img, atom.Li, atom.Ol, atom.P, atom.Pre, atom.S, atom.Small,
		atom.Span, atom.Strike, atom.Strong, atom.Sub, atom.Sup, atom.Table, atom.Tbody, atom.Td, atom.Th, atom.Tr, atom.U, atom.Ul,
	} {
		tags[tag] = true
	}
	return tags
}()

// escapeHTML writes a text as HTML that is shown as it. Line breaks stay: Google shows them.
func escapeHTML(text string) string { return htmlEscapes.Replace(text) }

var htmlEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// textOfHTML reads HTML as text: blocks and breaks as lines, list items with a hyphen, a link with its address where that is
// not what is shown.
func textOfHTML(source string) string {
	p := htmlText{breaks: strings.Contains(strings.ToLower(source), "<br") || strings.Contains(strings.ToLower(source), "<p") || strings.Contains(strings.ToLower(source), "<div")}
	tokens := html.NewTokenizer(strings.NewReader(source))
	for {
		kind := tokens.Next()
		if kind == html.ErrorToken {
			return strings.Trim(p.out.String(), "\n ")
		}
		raw := ""
		if kind == html.StartTagToken || kind == html.SelfClosingTagToken {
			raw = string(tokens.Raw()) // before Token, which writes over it
		}
		switch token := tokens.Token(); kind {
		case html.TextToken:
			p.text(token.Data)
		case html.StartTagToken, html.SelfClosingTagToken:
			if isAddress(token.Data) {
				p.text(raw)
				continue
			}
			p.open(token)
		case html.EndTagToken:
			p.closed(token.DataAtom)
		}
	}
}

// isAddress: people write addresses between < and >.
func isAddress(tag string) bool {
	return strings.Contains(tag, "@") || tag == "http:" || tag == "https:" || tag == "mailto:"
}

// htmlText puts together what is shown.
type htmlText struct {
	out    strings.Builder
	breaks bool   // lines are broken by tags: line breaks of the source are blanks
	hidden int    // how many elements around are not shown
	pre    int    // how many keep their blanks
	lines  int    // line breaks at the end of what is out
	blank  bool   // a blank is due before the next word
	any    bool   // something is out
	link   string // address of the link around
	linked strings.Builder
}

func (p *htmlText) text(text string) {
	if p.hidden > 0 {
		return
	}
	if p.link != "" {
		p.linked.WriteString(text)
	}
	if p.pre > 0 || !p.breaks {
		p.put(text)
		return
	}
	for i, word := range strings.FieldsFunc(text, isBlank) {
		if i > 0 || strings.TrimLeftFunc(text, isBlank) != text {
			p.blank = true
		}
		p.put(word)
	}
	if strings.TrimRightFunc(text, isBlank) != text {
		p.blank = true
	}
}

// isBlank holds for what HTML shows as one blank, however many there are. The no-break space, which French puts before a
// colon, is not one.
func isBlank(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == '\r' || r == '\f' }

func (p *htmlText) put(text string) {
	if text == "" {
		return
	}
	if p.blank && p.any && p.lines == 0 {
		p.out.WriteByte(' ')
	}
	p.blank, p.any, p.lines = false, true, 0
	p.out.WriteString(text)
	p.lines = len(text) - len(strings.TrimRight(text, "\n"))
}

// line ends the line, where one has begun; with it at least so many breaks stand there.
func (p *htmlText) line(breaks int) {
	p.blank = false
	for p.any && p.lines < breaks {
		p.out.WriteByte('\n')
		p.lines++
	}
}

func (p *htmlText) open(token html.Token) {
	switch token.DataAtom {
	case atom.Script, atom.Style, atom.Head, atom.Title:
		if token.Type == html.StartTagToken {
			p.hidden++
		}
	case atom.Br:
		p.blank = false
		p.out.WriteByte('\n')
		p.lines++
		p.any = true
	case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Table, atom.Blockquote:
		p.line(2)
	case atom.Div, atom.Tr, atom.Ul, atom.Ol, atom.Hr:
		p.line(1)
	case atom.Pre:
		p.line(1)
		p.pre++
	case atom.Li:
		p.line(1)
		p.put("- ")
	case atom.Td, atom.Th:
		p.blank = true
	case atom.A:
		p.linked.Reset()
		p.link = ""
		for _, attribute := range token.Attr {
			if attribute.Key == "href" {
				p.link = strings.TrimSpace(attribute.Val)
			}
		}
	}
}

func (p *htmlText) closed(tag atom.Atom) {
	switch tag {
	case atom.Script, atom.Style, atom.Head, atom.Title:
		p.hidden = max(0, p.hidden-1)
	case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Table, atom.Blockquote:
		p.line(2)
	case atom.Div, atom.Tr, atom.Ul, atom.Ol, atom.Li:
		p.line(1)
	case atom.Pre:
		p.pre = max(0, p.pre-1)
		p.line(1)
	case atom.A:
		address := p.link
		p.link = ""
		shown := strings.TrimSpace(p.linked.String())
		if address != "" && address != shown && strings.TrimPrefix(address, "mailto:") != shown && !strings.HasPrefix(address, "#") {
			p.blank = p.blank || shown != ""
			p.put("<" + address + ">")
		}
	}
}
