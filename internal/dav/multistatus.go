package dav

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Limits bounds what one answer may hold. Time is the caller's to bound.
type Limits struct {
	MemberBytes int // longest calendar-data that is kept
	Members     int // most responses in one answer
}

// DefaultLimits are those of docs/architecture.md.
var DefaultLimits = Limits{MemberBytes: 10 << 20, Members: 1_000_000}

// Longest values of other properties; beyond them they count as not given.
const (
	maxValueBytes = 64 << 10
	maxTokenBytes = 1 << 20
	maxNames      = 1000 // in one list: resource types, reports, privileges, components, hrefs
)

// Response is what a multistatus says of one resource (RFC 4918 section 14.24).
type Response struct {
	Href    Href
	Status  int   // of the resource as a whole; 0 when each property has its own. It wins over what properties say.
	Props   Props // those with status 200
	Refused []PropStatus
	Error   ErrorBody
}

// PropStatus is a property that was not given, and the status instead of it.
type PropStatus struct {
	Name   Name
	Status int
}

// StatusOf is the status that stands in place of a property, 0 when none does.
func (r *Response) StatusOf(name Name) int {
	for _, refused := range r.Refused {
		if refused.Name == name {
			return refused.Status
		}
	}
	return 0
}

// Multistatus is what an answer says beside its responses.
type Multistatus struct {
	SyncToken SyncToken
	Responses int
}

// DecodeMultistatus reads a 207's body, in constant memory, and calls visit for each resource as soon as it is read; a
// Response is visit's only until it returns, but Props.Data may be kept. It reads to the end of body, so that a body that is
// cut is an error even when the document is whole. After an error, also one of visit, nothing of the answer may be trusted.
//
// The order of elements does not matter, unknown ones are passed over, a propstat without a status counts as given (RFC 4918
// section 13 and appendix A.1; sabre/dav 4.4 puts the status before the href).
func DecodeMultistatus(body io.Reader, limits Limits, visit func(*Response) error) (Multistatus, error) {
	decoder := &multistatusDecoder{scanner: newScanner(body), limits: limits, visit: visit}
	name, err := decoder.root()
	if err == nil && name != davName("multistatus") {
		err = fmt.Errorf("%w: %s %s", ErrNotExpected, name.Space, name.Local)
	}
	if err == nil {
		err = decoder.multistatus()
	}
	if err == nil {
		err = drain(decoder.in)
	}
	return decoder.result, err
}

// maxTrailingBytes bounds what is read behind a document in search of the body's end.
const maxTrailingBytes = 1 << 20

func drain(in io.Reader) error {
	_, err := io.CopyN(io.Discard, in, maxTrailingBytes)
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

type multistatusDecoder struct {
	*scanner
	limits Limits
	visit  func(*Response) error
	result Multistatus
	seen   []Name // scratch: the properties of one propstat
}

func (d *multistatusDecoder) multistatus() error {
	for {
		name, found, err := d.child()
		if err != nil || !found {
			return err
		}
		switch name {
		case davName("response"):
			err = d.response()
		case PropSyncToken:
			var token string
			token, err = d.value(maxTokenBytes)
			d.result.SyncToken = SyncToken(token)
		default:
			err = d.skip()
		}
		if err != nil {
			return err
		}
	}
}

func (d *multistatusDecoder) response() error {
	var response Response
	var hrefs []Href // a response with a status may name several
	for {
		name, found, err := d.child()
		if err != nil {
			return err
		}
		if !found {
			break
		}
		switch name {
		case davName("href"):
			hrefs, err = d.appendHref(hrefs)
		case davName("status"):
			response.Status, err = d.status()
		case davName("propstat"):
			err = d.propstat(&response)
		case davName("error"):
			response.Error, err = decodeErrorElement(d.scanner)
		default:
			err = d.skip()
		}
		if err != nil {
			return err
		}
	}
	if len(hrefs) == 0 {
		hrefs = []Href{""}
	}
	for _, response.Href = range hrefs {
		d.result.Responses++
		if d.result.Responses > d.limits.Members {
			return ErrTooMany
		}
		if err := d.visit(&response); err != nil {
			return err
		}
	}
	return nil
}

func (d *multistatusDecoder) propstat(response *Response) error {
	status := 0
	var given Props
	names := d.seen[:0]
	for {
		name, found, err := d.child()
		if err != nil {
			return err
		}
		if !found {
			break
		}
		switch name {
		case davName("prop"):
			names, err = d.prop(&given, names)
		case davName("status"):
			status, err = d.status()
		default:
			err = d.skip()
		}
		if err != nil {
			return err
		}
	}
	d.seen = names
	if status == 0 || status/100 == 2 {
		response.Props.merge(&given)
		return nil
	}
	for _, name := range names {
		response.Refused = append(response.Refused, PropStatus{name, status})
	}
	return nil
}

// prop reads the properties of one propstat; which of them count is known only when its status is.
func (d *multistatusDecoder) prop(props *Props, names []Name) ([]Name, error) {
	for {
		name, found, err := d.child()
		if err != nil || !found {
			return names, err
		}
		if len(names) < maxNames {
			names = append(names, name)
		}
		if err := d.property(name, props); err != nil {
			return names, err
		}
	}
}

func (d *multistatusDecoder) property(name Name, props *Props) (err error) {
	var text string
	switch name {
	case PropETag:
		text, err = d.value(maxValueBytes)
		props.ETag = ParseETag(text)
	case PropCalendarData:
		err = d.calendarData(props)
	case PropResourceType:
		props.ResourceType, err = d.names()
	case PropDisplayName:
		text, err = d.opening(maxValueBytes)
		props.DisplayName = text
	case PropSyncToken:
		text, err = d.value(maxTokenBytes)
		props.SyncToken = SyncToken(text)
	case PropCTag:
		text, err = d.value(maxTokenBytes)
		props.CTag = CTag(text)
	case PropColor:
		props.Color, err = d.value(maxValueBytes)
	case PropComponents:
		props.Components, err = d.components()
	case PropReports:
		props.Reports, err = d.reports()
	case PropPrivileges:
		var names []Name
		names, err = d.within(davName("privilege"))
		props.Privileges = append(Privileges{}, names...)
	case PropOwner:
		props.Owner, err = d.oneHref()
	case PropPrincipal:
		props.Principal, err = d.oneHref()
	case PropHomes:
		props.Homes, err = d.hrefs()
	case PropUserAddresses:
		props.Addresses, err = d.hrefs()
	case PropMaxSize:
		text, err = d.value(maxValueBytes)
		if size, parseErr := strconv.ParseInt(text, 10, 64); parseErr == nil && size > 0 {
			props.MaxSize = size
		}
	default:
		err = d.skip()
	}
	return err
}

// calendarData keeps the text as it came, but for the white space that pretty-printing puts around it.
func (d *multistatusDecoder) calendarData(props *Props) error {
	text, whole, err := d.content(d.limits.MemberBytes)
	if err != nil {
		return err
	}
	if !whole {
		props.DataTooLarge = true
		return nil
	}
	if text = bytes.TrimRight(bytes.TrimLeft(text, " \t\r\n"), " \t"); len(text) > 0 {
		props.Data = bytes.Clone(text)
	}
	return nil
}

// value is the text of a short property, trimmed; one that is too long counts as not given.
func (d *multistatusDecoder) value(limit int) (string, error) {
	text, whole, err := d.content(limit)
	if err != nil || !whole {
		return "", err
	}
	return strings.TrimSpace(string(text)), nil
}

// opening is the text of a property that only people read, or as much of it as is kept.
func (d *multistatusDecoder) opening(limit int) (string, error) {
	text, _, err := d.content(limit)
	return strings.TrimSpace(strings.ToValidUTF8(string(text), "\uFFFD")), err
}

// status is the number of a status line, 0 when there is none in it: "HTTP/1.1 404 Not Found", also in small letters and
// without a reason.
func (d *multistatusDecoder) status() (int, error) {
	text, err := d.value(maxValueBytes)
	if err != nil {
		return 0, err
	}
	for field := range strings.FieldsSeq(text) {
		if len(field) != 3 {
			continue
		}
		if code, parseErr := strconv.Atoi(field); parseErr == nil && code >= 100 {
			return code, nil
		}
	}
	return 0, nil
}

func (d *multistatusDecoder) appendHref(hrefs []Href) ([]Href, error) {
	text, err := d.value(maxValueBytes)
	if len(hrefs) < maxNames {
		hrefs = append(hrefs, Href(text))
	}
	return hrefs, err
}

// hrefs is the text of each href directly within the open element.
func (d *multistatusDecoder) hrefs() (hrefs []Href, err error) {
	for {
		name, found, err := d.child()
		if err != nil || !found {
			return hrefs, err
		}
		if name == davName("href") {
			hrefs, err = d.appendHref(hrefs)
		} else {
			err = d.skip()
		}
		if err != nil {
			return hrefs, err
		}
	}
}

func (d *multistatusDecoder) oneHref() (Href, error) {
	hrefs, err := d.hrefs()
	if len(hrefs) == 0 {
		return "", err
	}
	return hrefs[0], err
}

// names is the name of each element directly within the open one.
func (d *multistatusDecoder) names() ([]Name, error) {
	names := []Name{}
	for {
		name, found, err := d.child()
		if err != nil || !found {
			return names, err
		}
		if len(names) < maxNames {
			names = append(names, name)
		}
		if err := d.skip(); err != nil {
			return names, err
		}
	}
}

// within is the name of each element within those of the given name.
func (d *multistatusDecoder) within(outer Name) (names []Name, err error) {
	for {
		name, found, err := d.child()
		if err != nil || !found {
			return names, err
		}
		if name != outer {
			err = d.skip()
		} else {
			var inner []Name
			inner, err = d.names()
			names = appendBounded(names, inner)
		}
		if err != nil {
			return names, err
		}
	}
}

// reports reads supported-report-set. Xandikos 0.2.8 leaves out the report element that the standard has around each name.
func (d *multistatusDecoder) reports() ([]Name, error) {
	names := []Name{}
	for {
		name, found, err := d.child()
		if err != nil || !found {
			return names, err
		}
		if name != davName("supported-report") {
			if err := d.skip(); err != nil {
				return names, err
			}
			continue
		}
		for {
			name, found, err := d.child()
			if err != nil {
				return names, err
			}
			if !found {
				break
			}
			inner := []Name{name}
			if name == davName("report") {
				inner, err = d.names()
			} else {
				err = d.skip()
			}
			if err != nil {
				return names, err
			}
			names = appendBounded(names, inner)
		}
	}
}

func (d *multistatusDecoder) components() ([]string, error) {
	components := []string{}
	for {
		name, found, err := d.child()
		if err != nil || !found {
			return components, err
		}
		if name == caldavName("comp") && len(components) < maxNames {
			components = append(components, strings.ToUpper(string(d.nameAttr)))
		}
		if err := d.skip(); err != nil {
			return components, err
		}
	}
}

func appendBounded(names, more []Name) []Name {
	return append(names, more[:min(len(more), maxNames-len(names))]...)
}

// merge takes over what another propstat of the same resource gave.
func (p *Props) merge(given *Props) {
	if p.isZero() {
		*p = *given
		return
	}
	pick(&p.ETag, given.ETag)
	pick(&p.DisplayName, given.DisplayName)
	pick(&p.SyncToken, given.SyncToken)
	pick(&p.CTag, given.CTag)
	pick(&p.Color, given.Color)
	pick(&p.Owner, given.Owner)
	pick(&p.Principal, given.Principal)
	pick(&p.MaxSize, given.MaxSize)
	pick(&p.DataTooLarge, given.DataTooLarge)
	pickSlice(&p.ResourceType, given.ResourceType)
	pickSlice(&p.Components, given.Components)
	pickSlice(&p.Reports, given.Reports)
	pickSlice(&p.Privileges, given.Privileges)
	pickSlice(&p.Homes, given.Homes)
	pickSlice(&p.Addresses, given.Addresses)
	pickSlice(&p.Data, given.Data)
}

func (p *Props) isZero() bool {
	return p.ETag == "" && p.DisplayName == "" && p.SyncToken == "" && p.CTag == "" && p.Color == "" && p.Owner == "" &&
		p.Principal == "" && p.MaxSize == 0 && !p.DataTooLarge && p.ResourceType == nil && p.Components == nil &&
		p.Reports == nil && p.Privileges == nil && p.Homes == nil && p.Addresses == nil && p.Data == nil
}

func pick[T comparable](kept *T, given T) {
	var zero T
	if given != zero {
		*kept = given
	}
}

func pickSlice[S ~[]E, E any](kept *S, given S) {
	if given != nil {
		*kept = given
	}
}
