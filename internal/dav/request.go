package dav

import (
	"bytes"
	"encoding/xml"
)

// EncodePropfind is the body that asks for these properties (RFC 4918 section 14.20).
func EncodePropfind(properties ...Name) []byte {
	return encodeRequest("D:propfind", properties, nil)
}

// EncodeSyncCollection is the body of a sync-collection report (RFC 6578 section 6.1); an empty token asks for all members.
// sync-level is always there (Google refuses without), a limit never: Nextcloud loses changes by it. The order of the
// elements is the one of the standard's DTD, without white space, which Xandikos 0.2.8 refuses in some of them.
func EncodeSyncCollection(token SyncToken, properties ...Name) []byte {
	return encodeRequest("D:sync-collection", properties, func(body *bytes.Buffer) {
		body.WriteString("<D:sync-token>")
		escapeXML(body, string(token))
		body.WriteString("</D:sync-token><D:sync-level>1</D:sync-level>")
	})
}

// EncodeMultiget is the body of a calendar-multiget report (RFC 4791 section 9.10), each href as the server wrote it.
func EncodeMultiget(hrefs []Href, properties ...Name) []byte {
	body := encodeRequest("C:calendar-multiget", properties, nil)
	const end = "</C:calendar-multiget>"
	buffer := bytes.NewBuffer(body[:len(body)-len(end)])
	for _, href := range hrefs {
		buffer.WriteString("<D:href>")
		escapeXML(buffer, string(href))
		buffer.WriteString("</D:href>")
	}
	buffer.WriteString(end)
	return buffer.Bytes()
}

var prefixes = map[string]string{SpaceDAV: "D", SpaceCalDAV: "C", SpaceCalendarServer: "CS", SpaceApple: "A"}

func encodeRequest(root string, properties []Name, before func(*bytes.Buffer)) []byte {
	var body bytes.Buffer
	body.WriteString(`<?xml version="1.0" encoding="utf-8"?>` + "\n<" + root + ` xmlns:D="DAV:"`)
	for _, space := range []string{SpaceCalDAV, SpaceCalendarServer, SpaceApple} {
		body.WriteString(` xmlns:` + prefixes[space] + `="` + space + `"`)
	}
	body.WriteByte('>')
	if before != nil {
		before(&body)
	}
	body.WriteString("<D:prop>")
	for _, property := range properties {
		if prefix, known := prefixes[property.Space]; known {
			body.WriteString("<" + prefix + ":" + property.Local + "/>")
			continue
		}
		body.WriteString("<" + property.Local + ` xmlns="`)
		escapeXML(&body, property.Space)
		body.WriteString(`"/>`)
	}
	body.WriteString("</D:prop></" + root + ">")
	return body.Bytes()
}

func escapeXML(body *bytes.Buffer, text string) {
	_ = xml.EscapeText(body, []byte(text)) // a Buffer takes everything
}
