package ical

import (
	"iter"
	"strings"
)

// Param is the value of the first parameter of a name, which is compared without regard to case: unquoted, decoded
// (RFC 6868), and in the form of NormalText. Of a list it is the whole, with its commas.
func (p *Property) Param(name string) (value string, found bool) {
	for param := range p.params() {
		if strings.EqualFold(param.name, name) {
			return readParam(param.value), true
		}
	}
	return "", false
}

// ParamList is Param for a parameter that holds a list, such as MEMBER.
func (p *Property) ParamList(name string) (values []string, found bool) {
	for param := range p.params() {
		if !strings.EqualFold(param.name, name) {
			continue
		}
		for rest, more := param.value, true; more; {
			var value string
			value, rest, more = cutUnquoted(rest, ',')
			values = append(values, readParam(value))
		}
		return values, true
	}
	return nil, false
}

// A Param is one parameter of a property.
type Param struct{ Name, Value string }

// Params yields all parameters in order, names in upper case, values as Param has them.
func (p *Property) Params() iter.Seq[Param] {
	return func(yield func(Param) bool) {
		for param := range p.params() {
			if !yield(Param{strings.ToUpper(param.name), readParam(param.value)}) {
				return
			}
		}
	}
}

// A rawParam is a parameter as written.
type rawParam struct{ text, name, value string }

func (p *Property) params() iter.Seq[rawParam] { return paramsOf(p.head[p.nameEnd:]) }

// paramsOf reads what stands between name and colon, from the first semicolon on.
func paramsOf(text string) iter.Seq[rawParam] {
	return func(yield func(rawParam) bool) {
		_, rest, more := strings.Cut(text, ";")
		for more {
			var param string
			param, rest, more = cutUnquoted(rest, ';')
			name, value, _ := strings.Cut(param, "=")
			if !yield(rawParam{param, trimName(name), value}) {
				return
			}
		}
	}
}

// cutUnquoted cuts at the first separator outside of quotes. A quote that is not closed is a character as any other.
func cutUnquoted(text string, separator byte) (before, after string, found bool) {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case separator:
			return text[:i], text[i+1:], true
		case '"':
			if length := strings.IndexByte(text[i+1:], '"'); length >= 0 {
				i += length + 1
				continue
			}
			if end := strings.IndexByte(text[i:], separator); end >= 0 {
				return text[:i+end], text[i+end+1:], true
			}
			return text, "", false
		}
	}
	return text, "", false
}

// readParam decodes a parameter's value. Quotes only enclose: none is part of a value (RFC 5545 section 3.2).
func readParam(value string) string {
	if strings.IndexByte(value, '"') >= 0 {
		value = strings.ReplaceAll(value, `"`, "")
	}
	if strings.IndexByte(value, '^') >= 0 {
		value = paramDecoding.Replace(value)
	}
	return NormalText(value)
}

// RFC 6868 section 3. A circumflex before anything else stays.
var (
	paramDecoding = strings.NewReplacer("^^", "^", "^n", "\n", "^'", `"`)
	paramEncoding = strings.NewReplacer("^", "^^", "\n", "^n", `"`, "^'")
)

// writeParam encodes a value and quotes it where it must be.
func writeParam(value string) string {
	value = paramEncoding.Replace(NormalText(value))
	if strings.ContainsAny(value, ",;:") {
		return `"` + value + `"`
	}
	return value
}

// withParam is what stands between name and colon, with a parameter, written with its semicolon or empty, in the place of
// those of a name, else at the end.
func withParam(text, name, param string) string {
	var b strings.Builder
	for old := range paramsOf(text) {
		if strings.EqualFold(old.name, name) {
			b.WriteString(param)
			param = ""
			continue
		}
		b.WriteByte(';')
		b.WriteString(old.text)
	}
	b.WriteString(param)
	return b.String()
}
