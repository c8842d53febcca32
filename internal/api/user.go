package api

import (
	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// User is one of the company's people.
type User struct {
	ID        string   `json:"id" format:"uuid"`
	Version   int64    `json:"version"`
	Login     string   `json:"login"`
	Name      string   `json:"name"`
	Email     string   `json:"email"`
	Language  string   `json:"language" enum:"nl,fr,en"`
	TimeZone  string   `json:"time_zone" doc:"The IANA zone of actions made for this user."`
	Role      string   `json:"role" enum:"user,administrator"`
	Rights    Rights   `json:"rights"`
	Active    bool     `json:"active"`
	CreatedAt Optional `json:"created_at" format:"date-time"`
}

// Rights are given per user.
type Rights struct {
	ChangeOthers bool `json:"change_others" required:"false" doc:"Change actions followed by others."`
	Reassign     bool `json:"reassign" required:"false" doc:"Give an action another follower."`
}

// UserList is all users.
type UserList struct {
	Users []User `json:"users" nullable:"false"`
}

// UserInput is what makes or changes a user. What is left out of a change stays; a new user then is active, of role user, with
// the installation's language and zone and its default rights.
type UserInput struct {
	Login    string `json:"login,omitempty"`
	Name     string `json:"name,omitempty"`
	Email    string `json:"email,omitempty"`
	Language string `json:"language,omitempty" enum:"nl,fr,en"`
	TimeZone string `json:"time_zone,omitempty"`
	Role     string `json:"role,omitempty" enum:"user,administrator"`
	Rights   Rights `json:"rights,omitzero"`
	Active   bool   `json:"active,omitempty"`
	Password string `json:"password,omitempty" writeOnly:"true" doc:"Left out, the one that is there stays; a new user without one cannot sign in yet."`
}

func user(of crm.User) User {
	return User{
		ID: of.ID.String(), Version: of.Version, Login: of.Login, Name: of.Name, Email: of.Email, Language: string(of.Language), TimeZone: of.TimeZone,
		Role: string(of.Role), Rights: Rights(of.Rights), Active: of.Active, CreatedAt: instant(of.CreatedAt),
	}
}

func userInput(in service.UserInput) UserInput {
	return UserInput{
		Login: in.Login, Name: in.Name, Email: in.Email, Language: string(in.Language), TimeZone: in.TimeZone, Role: string(in.Role),
		Rights: Rights(in.Rights), Active: in.Active,
	}
}

func (in UserInput) input() service.UserInput {
	return service.UserInput{
		Login: in.Login, Name: in.Name, Email: in.Email, Language: crm.Language(in.Language), TimeZone: in.TimeZone, Role: crm.Role(in.Role),
		Rights: crm.Rights(in.Rights), Active: in.Active, Password: in.Password,
	}
}

// UserPath names a user.
type UserPath struct {
	ID string `path:"id"`
}

// UserChange is a change of a user.
type UserChange struct {
	UserPath
	Conditional
}

func userReply(of crm.User, err error) (reply[User], error) {
	return reply[User]{version: of.Version, body: user(of)}, err
}

func (c *call) users(*struct{}) (reply[UserList], error) {
	all, err := c.service.Users(c.ctx(), c.caller)
	return reply[UserList]{body: UserList{views(all, user)}}, err
}

func (c *call) getUser(in *UserPath) (reply[User], error) {
	id, err := pathID[crm.User](in.ID)
	if err != nil {
		return reply[User]{}, err
	}
	return userReply(c.service.User(c.ctx(), c.caller, id))
}

func (c *call) createUser(*CreateInput) (reply[User], error) {
	settings, err := c.service.Settings(c.ctx(), c.caller)
	if err != nil {
		return reply[User]{}, err
	}
	body := UserInput{
		Language: string(settings.Language), TimeZone: settings.TimeZone, Role: string(crm.RoleUser), Rights: Rights(settings.DefaultRights), Active: true,
	}
	if err := c.decode(&body); err != nil {
		return reply[User]{}, err
	}
	made, err := userReply(c.service.CreateUser(c.ctx(), c.caller, body.input()))
	made.location = "/users/" + made.body.ID
	return made, err
}

func (c *call) changeUser(in *UserChange) (reply[User], error) {
	id, err := pathID[crm.User](in.ID)
	if err != nil {
		return reply[User]{}, err
	}
	return c.saveUser(id, in.Conditional)
}

func (c *call) saveUser(id crm.UserID, condition Conditional) (reply[User], error) {
	version, err := condition.version()
	if err != nil {
		return reply[User]{}, err
	}
	before, err := c.service.User(c.ctx(), c.caller, id)
	if err != nil {
		return reply[User]{}, err
	}
	body := userInput(service.UserInputOf(before))
	if err := c.decode(&body); err != nil {
		return reply[User]{}, err
	}
	return userReply(c.service.ChangeUser(c.ctx(), c.caller, id, version, body.input()))
}

func (c *call) me(*struct{}) (reply[User], error) {
	return userReply(c.service.User(c.ctx(), c.caller, c.caller.User.ID))
}

func (c *call) changeMe(in *Conditional) (reply[User], error) {
	return c.saveUser(c.caller.User.ID, *in)
}

// PasswordInput is a new password of the caller.
type PasswordInput struct {
	Present  string `json:"present" writeOnly:"true"`
	Password string `json:"password" writeOnly:"true"`
}

func (c *call) changePassword(*struct{}) error {
	var body PasswordInput
	if err := c.decode(&body); err != nil {
		return err
	}
	right, err := c.api.Door.Guess(c.caller.User.Login, c.request.RemoteAddr)
	if err != nil {
		return err
	}
	err = c.service.ChangePassword(c.ctx(), c.caller, body.Present, body.Password)
	if err == nil {
		right()
	}
	return err
}
