package service

import (
	"bytes"
	"context"
	"errors"
	"net/mail"
	"slices"
	"strconv"
	"strings"

	"agendaonline/internal/crm"
	"agendaonline/internal/reconcile"
	"agendaonline/internal/store"
)

// What is wrong with the addresses that are added to a link.
const (
	CodeAddressFormat = "link.address_format" // value
	CodeAddressesMany = "link.addresses_many" // max
)

// maxAddresses is how many addresses can be added to a link.
const maxAddresses = 20

// SetAddresses replaces the e-mail addresses that a person added to a link: with those that the server tells they make an event the
// user's own (semantics 7). Meetings that are known are looked at anew at once.
func (s *Service) SetAddresses(ctx context.Context, caller Caller, id crm.LinkID, version int64, addresses []string) (crm.Link, error) {
	var link crm.Link
	err := s.write(ctx, func(tx *store.Tx) error {
		var err error
		if link, err = livingLink(tx, caller, id, SyncLink); err != nil {
			return err
		}
		if link.Version != version {
			return ErrVersion
		}
		var p problems
		added := checkAddresses(&p, addresses)
		if err := p.err(); err != nil {
			return err
		}
		if slices.Equal(added, link.Added) {
			return nil
		}
		link.Added = added
		if err := tx.UpdateLink(link, version); err != nil {
			return err
		}
		link.Version = version + 1
		tx.AnnounceLink(id)
		if link.Leaving() {
			return nil
		}
		events, err := tx.BoundEvents(id)
		if err != nil {
			return err
		}
		var entries []store.OutboxEntry
		for _, event := range events {
			if bytes.Contains(event.Body, []byte("ATTENDEE")) {
				entries = append(entries, store.OutboxEntry{Link: id, Action: event.Action, Origin: reconcile.OriginMerge})
			}
		}
		return tx.PutOutbox(entries...)
	})
	if errors.Is(err, ErrVersion) || errors.Is(err, store.ErrVersion) {
		return crm.Link{}, s.linkMoved(ctx, caller, id)
	}
	if err != nil {
		return crm.Link{}, err
	}
	s.Waker.Wake(id)
	return link, nil
}

// checkAddresses are the addresses as they are kept: each once, without a scheme.
func checkAddresses(p *problems, typed []string) []string {
	var kept []string
	for _, address := range typed {
		address = strings.TrimSpace(address)
		if len(address) > len("mailto:") && strings.EqualFold(address[:len("mailto:")], "mailto:") {
			address = address[len("mailto:"):]
		}
		if address == "" {
			continue
		}
		if parsed, err := mail.ParseAddress(address); err != nil || parsed.Address != address {
			p.add(CodeAddressFormat, "addresses", "value", shortened(address))
			continue
		}
		if !slices.ContainsFunc(kept, func(one string) bool { return strings.EqualFold(one, address) }) {
			kept = append(kept, address)
		}
	}
	if len(kept) > maxAddresses {
		p.add(CodeAddressesMany, "addresses", "max", strconv.Itoa(maxAddresses))
	}
	return kept
}
