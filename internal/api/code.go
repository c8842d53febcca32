package api

// The codes of this package's own sentences; those of service and of the connection test come through as they are.
const (
	codeSignedOut = "api.signed_out"
	codeNotFound  = "api.not_found"
	codeMethod    = "api.method"  // method, allowed
	codeInvalid   = "api.invalid" // count
	codeChanged   = "api.changed_meanwhile"
	codeInternal  = "api.internal"
	codeTimeout   = "api.timeout"
	codeThrottled = "api.throttled" // seconds

	codeIfMatchMissing = "api.if_match_missing"
	codeIfMatch        = "api.if_match"
	codeKey            = "api.idempotency_key" // max
	codeKeyReused      = "api.idempotency_reused"

	codeMediaType    = "api.media_type"
	codeTooLarge     = "api.too_large" // max, in KiB
	codeBodyUnread   = "api.body_unread"
	codeBodyMissing  = "api.body_missing"
	codeBodyUnwanted = "api.body_unwanted"
	codeJSON         = "api.json" // at
	codeNotUTF8      = "api.not_utf8"
	codeTooDeep      = "api.too_deep" // max

	codeUnknownField  = "api.unknown_field"
	codeTwice         = "api.field_twice"
	codeExpectText    = "api.expected_text"
	codeExpectInteger = "api.expected_integer"
	codeExpectNumber  = "api.expected_number"
	codeExpectBoolean = "api.expected_boolean"
	codeExpectList    = "api.expected_list"
	codeExpectObject  = "api.expected_object"
	codeID            = "api.id"
	codeInstant       = "api.instant"
	codeParameter     = "api.parameter"
	codeUnknownParam  = "api.unknown_parameter"
)
