package api

// AddressesInput is the addresses that a person adds to a link.
type AddressesInput struct {
	Addresses []string `json:"addresses" nullable:"false" doc:"E-mail addresses, beside those that the server tells: what they organise is the user's own. They replace those added before."`
}

func (c *call) setAddresses(in *LinkDeed) (reply[Link], error) {
	id, version, err := in.named()
	if err != nil {
		return reply[Link]{}, err
	}
	var body AddressesInput
	if err := c.decode(&body); err != nil {
		return reply[Link]{}, err
	}
	return c.linkAfterwards(c.service.SetAddresses(c.ctx(), c.caller, id, version, body.Addresses))
}
