package api

// MailState says how many mails could not be sent up to now. They are tried again.
type MailState struct {
	Failed int    `json:"failed"`
	Code   string `json:"code" doc:"Why the last of them could not; empty when none failed."`
	Detail string `json:"detail"`
}

func (c *call) getMail(*struct{}) (reply[MailState], error) {
	trouble, err := c.service.MailTrouble(c.ctx(), c.caller)
	return reply[MailState]{body: MailState{trouble.Count, trouble.Code, c.say(trouble.Code, nil)}}, err
}
