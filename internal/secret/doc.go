// Package secret seals credentials at rest. A sealed value is bound to its place (table, column, row): copied to another
// row it does not open. The keys live in a key file outside the database, together with the identity of the
// installation: a copy of the database meets another identity. Where values are kept is left to store, what is sealed to
// service.
//
// A sealed value is the text
//
//	v1.KEYID.BASE64(nonce and ciphertext)
//
// AES-256-GCM with a random nonce of 96 bits (NIST SP 800-38D section 8.2.2: at most 2^32 values per key), the place as
// associated data. KEYID is derived from the key, so that a wrong key is an unknown one and is named.
package secret
