// Package config knows the settings of an installation that lie outside its database: what each is called as a flag, in the
// environment and in a file, its default, and whether what was given makes sense. What people set in the CRM parameters is
// not among them.
//
//	flag  >  environment (AGENDA_...)  >  file (--config)  >  default
//	              |
//	              v
//	        Parsed: texts, each with where it came from
//	              |
//	              v   every problem at once
//	        Config: typed values
//
// The file has one setting a line, "name = value"; a name may come again where several values make sense, and a line that
// begins with # is a comment. A setting that holds a secret can be read from a file of its own: NAME_FILE in the environment,
// "name.file" in the file.
//
// It opens and listens to nothing. The machine comes in as functions.
package config
