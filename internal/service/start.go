package service

import (
	"context"
	"errors"
	"fmt"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"
)

// ReasonCopiedDatabase is why every link is paused of a database that came from another installation.
const ReasonCopiedDatabase crm.Reason = "copied_database"

// Start makes sure, before anything else happens, that the database and the keys belong together. A fresh database gets
// the identity of the keys and the lists to begin with. One whose credentials the keys do not open is refused, with the
// error naming the key, and nothing is changed. One that carries another identity is a copy: its links are paused, so that
// it does not write to the calendars of the first (semantics 7).
func (s *Service) Start(ctx context.Context) error {
	return s.write(ctx, func(tx *store.Tx) error {
		if err := s.openAll(tx); err != nil {
			return err
		}
		installation, err := tx.Installation()
		switch {
		case errors.Is(err, store.ErrNotFound):
			if err := s.begin(tx); err != nil {
				return err
			}
		case err != nil:
			return err
		case installation.Identity == s.Keys.Identity():
			return nil
		default:
			if err := errors.Join(s.pauseAll(tx, ReasonCopiedDatabase), tx.ForgetDrafts()); err != nil {
				return err
			}
		}
		return tx.SetInstallation(store.Installation{Identity: s.Keys.Identity(), CreatedAt: s.now()})
	})
}

// openAll opens the credentials and the grant of every link.
func (s *Service) openAll(tx *store.Tx) error {
	grants, err := tx.Grants()
	if err != nil {
		return err
	}
	for _, grant := range grants {
		if _, err := OpenGrant(s.Keys, grant.ID, grant.Sealed); err != nil {
			return fmt.Errorf("the grants of the database do not open: %w", err)
		}
	}
	links, err := tx.Links()
	if err != nil {
		return err
	}
	for _, link := range links {
		sealed, err := tx.Secret(link.ID)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if _, err := s.Keys.Open(SecretPlace(link.ID), sealed); err != nil {
			return fmt.Errorf("the credentials of the database do not open: %w", err)
		}
	}
	return nil
}

func (s *Service) pauseAll(tx *store.Tx, reason crm.Reason) error {
	links, err := tx.Links()
	if err != nil {
		return err
	}
	for _, link := range links {
		if !link.Pause.At.IsZero() {
			continue
		}
		link.Pause = crm.Pause{At: s.now(), By: crm.Actor{Kind: crm.ActorSystem}, Reason: reason}
		if err := tx.UpdateLink(link, link.Version); err != nil {
			return err
		}
	}
	return nil
}

// begin gives a fresh database its lists. An administrator edits them; one that has entries already is left alone.
func (s *Service) begin(tx *store.Tx) error {
	choices, err := tx.Choices()
	if err != nil || len(choices) > 0 {
		return err
	}
	position := map[crm.ChoiceKind]int{}
	for _, first := range firstChoices {
		choice := crm.Choice{
			ID: crm.NewID[crm.Choice](s.IDs), Kind: first.kind, Position: position[first.kind], Default: first.isDefault,
			Names: map[crm.Language]string{crm.Dutch: first.dutch, crm.French: first.french, crm.English: first.english},
		}
		position[first.kind]++
		if err := tx.PutChoice(choice); err != nil {
			return err
		}
	}
	return nil
}

// firstChoices are the lists of a fresh installation.
var firstChoices = []struct {
	kind                   crm.ChoiceKind
	dutch, french, english string
	isDefault              bool
}{
	{crm.ChoiceType, "Vergadering", "Réunion", "Meeting", true},
	{crm.ChoiceType, "Bezoek", "Visite", "Visit", false},
	{crm.ChoiceType, "Telefoon", "Téléphone", "Telephone", false},
	{crm.ChoiceStatus, "Te doen", "À faire", "To do", false},
	{crm.ChoiceStatus, "Gepland", "Prévue", "Planned", true},
	{crm.ChoiceStatus, "Afgewerkt", "Terminée", "Done", false},
	{crm.ChoicePriority, "Laag", "Basse", "Low", false},
	{crm.ChoicePriority, "Normaal", "Normale", "Normal", true},
	{crm.ChoicePriority, "Hoog", "Haute", "High", false},
}
