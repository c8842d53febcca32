package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
)

// tokenOf is the sync token that stands for a calendar's state after one of its changes.
func (s *Server) tokenOf(c *calendar, sequence int64) string {
	manner := s.manners.Token
	switch manner.Form {
	case TokenHash:
		return manner.Prefix + c.hash(sequence)
	case TokenStateHash:
		d := c.digestAt(sequence)
		return manner.Prefix + hex.EncodeToString(d[:])
	case TokenSeconds:
		at := c.at(sequence).At
		if at.IsZero() {
			return manner.Prefix + "0"
		}
		return manner.Prefix + strconv.FormatInt(at.Unix()-1, 10)
	}
	return manner.Prefix + strconv.FormatInt(sequence, 10)
}

// hash is one for each change of each calendar, also after a backup was restored and the history took another way.
func (c *calendar) hash(sequence int64) string {
	d := c.digestAt(sequence)
	sum := sha256.Sum256([]byte(c.ID + " " + strconv.FormatInt(sequence, 10) + " " + string(d[:])))
	return hex.EncodeToString(sum[:])
}

func (c *calendar) digestAt(sequence int64) digest {
	if sequence == c.Sequence {
		return c.Digest
	}
	return c.at(sequence).Digest
}

// given finds the change that a token stands for. ok is false for one that the server cannot know.
func (s *Server) given(c *calendar, token string) (sequence int64, ok bool) {
	manner := s.manners.Token
	rest, ok := strings.CutPrefix(token, manner.Prefix)
	if !ok {
		return 0, false
	}
	switch manner.Form {
	case TokenHash, TokenStateHash:
		if token == s.tokenOf(c, c.Sequence) {
			return c.Sequence, true
		}
		if c.tokens == nil {
			c.tokens = map[string]int64{}
			c.hashed = 0
			if c.Pruned == 0 {
				c.tokens[s.tokenOf(c, 0)] = 0
			}
		}
		for ; c.hashed < len(c.Changes); c.hashed++ {
			n := c.Changes[c.hashed].Sequence
			c.tokens[s.tokenOf(c, n)] = n // of two equal states the later one
		}
		sequence, ok = c.tokens[token]
		return sequence, ok
	case TokenSeconds:
		seconds, err := strconv.ParseInt(rest, 10, 64)
		if err != nil {
			return 0, false
		}
		for _, change := range c.Changes {
			if change.At.Unix() >= seconds {
				return change.Sequence - 1, true
			}
		}
		return c.Sequence, true
	}
	sequence, err := strconv.ParseInt(rest, 10, 64)
	if err != nil {
		return 0, manner.Silent && rest != ""
	}
	if sequence > c.Sequence || sequence < c.Pruned || sequence < 0 {
		return sequence, manner.Silent
	}
	return sequence, true
}

// unknownToken refuses a token; nil takes it for an empty one.
func (s *Server) unknownToken() *answer {
	manner := s.manners.Token
	switch status := manner.Unknown; {
	case status == 0 || status == http.StatusForbidden:
		return s.refusal(http.StatusForbidden, davElement("valid-sync-token", ""), "Invalid or unknown sync token")
	case status == http.StatusMultiStatus:
		return nil
	case manner.UnknownPrecondition:
		return s.refusal(status, davElement("valid-sync-token", ""), "Invalid or unknown sync token")
	default:
		return plain(status, http.StatusText(status)+"\n")
	}
}
