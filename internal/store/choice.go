package store

import "agendaonline/internal/crm"

// Choices are all entries of the three lists, retired ones included, by list and position.
func (tx *Tx) Choices() ([]crm.Choice, error) {
	var choices []crm.Choice
	query := "SELECT id, kind, names, position, is_default, retired FROM choice ORDER BY kind, position, id"
	for row, err := range tx.rows("load choices", query) {
		if err != nil {
			return nil, err
		}
		var choice crm.Choice
		err := row.Scan(intoID(&choice.ID), &choice.Kind, intoJSON(&choice.Names), &choice.Position, &choice.Default, &choice.Retired)
		if err != nil {
			return nil, err
		}
		choices = append(choices, choice)
	}
	return choices, nil
}

// PutChoice adds or replaces an entry. One that is the default takes that from the others of its list.
func (tx *Tx) PutChoice(choice crm.Choice) error {
	attempted := "put choice " + choice.ID.String()
	if choice.Default {
		if _, err := tx.exec(attempted, "UPDATE choice SET is_default = FALSE WHERE kind = $1 AND id <> $2", string(choice.Kind), idValue(choice.ID)); err != nil {
			return err
		}
	}
	_, err := tx.exec(attempted, `INSERT INTO choice (id, kind, names, position, is_default, retired) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (id) DO UPDATE SET names = excluded.names, position = excluded.position, is_default = excluded.is_default, retired = excluded.retired`,
		idValue(choice.ID), string(choice.Kind), jsonValue(choice.Names), choice.Position, choice.Default, choice.Retired)
	return err
}

// ChoiceDefaults are the entries that an action made from an event takes; none where a list has no default.
func (tx *Tx) ChoiceDefaults() (crm.ChoiceDefaults, error) {
	var defaults crm.ChoiceDefaults
	for row, err := range tx.rows("load default choices", "SELECT kind, id FROM choice WHERE is_default AND NOT retired") {
		if err != nil {
			return crm.ChoiceDefaults{}, err
		}
		var kind crm.ChoiceKind
		var id crm.ChoiceID
		if err := row.Scan(&kind, intoID(&id)); err != nil {
			return crm.ChoiceDefaults{}, err
		}
		switch kind {
		case crm.ChoiceType:
			defaults.Type = id
		case crm.ChoiceStatus:
			defaults.Status = id
		case crm.ChoicePriority:
			defaults.Priority = id
		}
	}
	return defaults, nil
}
