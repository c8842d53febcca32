package api

import "agendaonline/internal/crm"

// Choice is one entry of the lists of types, statuses and priorities.
type Choice struct {
	ID      string            `json:"id" format:"uuid"`
	Kind    string            `json:"kind" enum:"type,status,priority"`
	Name    string            `json:"name" doc:"In the caller's language."`
	Names   map[string]string `json:"names" doc:"By language."`
	Default bool              `json:"default" doc:"Taken by an action that names none."`
	Retired bool              `json:"retired" doc:"Kept for the actions that have it, no longer offered."`
}

// ChoiceList is the three lists, each in its order.
type ChoiceList struct {
	Choices []Choice `json:"choices" nullable:"false"`
}

func (c *call) choices(*struct{}) (reply[ChoiceList], error) {
	all, err := c.service.Choices(c.ctx(), c.caller)
	return reply[ChoiceList]{body: ChoiceList{views(all, func(choice crm.Choice) Choice {
		names := make(map[string]string, len(choice.Names))
		for language, name := range choice.Names {
			names[string(language)] = name
		}
		return Choice{choice.ID.String(), string(choice.Kind), choice.Names[c.language], names, choice.Default, choice.Retired}
	})}}, err
}
