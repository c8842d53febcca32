package main

type configCommand struct {
	serveCommand
	JSON bool `help:"Print JSON."`
}

// Help says where settings come from.
func (configCommand) Help() string {
	return `Prints every setting that is in force and where it came from: a flag, the environment, the file or the default. Secrets are
masked. What is wrong with them is reported all at once, and nothing is opened.

Exit codes: 0 the settings make sense; 1 they do not, and why.`
}

// Run prints the settings.
func (c configCommand) Run(env environment) error {
	settings, err := c.load(env, true, c.ServeFlags)
	if err != nil {
		return err
	}
	if c.JSON {
		return settings.PrintJSON(env.stdout)
	}
	return settings.Print(env.stdout)
}
