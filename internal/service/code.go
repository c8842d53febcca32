package service

// Codes are all the codes of sentences that this package and the rules of crm use, for a test that none is missing in any
// language. Those of the connection test are the test's own.
var Codes = []string{
	CodeSignedOut, CodeAdministrator, CodeOthers, CodeReassign, CodePrivate, CodePrivateNobody, CodeInTrash, CodeNotInTrash, CodePurgeEvent, CodeOwnTokens, CodeOwnChoice, CodeCalendarReadOnly,
	CodeHideOwn, CodeOthersEvent, CodeEventCancelled, CodeEventDeclined, CodeTellsGuests,
	CodeNotUTF8, CodeControlCharacter, CodeTooLong, CodeMissing, CodeDocumentURL, CodeTooManyDocuments,
	CodeDateFormat, CodeTimeFormat, CodeNoSuchDay, CodeNoSuchTime, CodeUnknownZone, CodeSkipped,
	"when.time_without_date", "when.end_next_day", "when.end_before_start",
	CodeUnknownChoice, CodeRetiredChoice, CodeUnknownUser, CodeInactiveUser, CodeThirdPartyKind, CodeFollowsUpUnknown, CodeFollowsUpInCircle,
	CodeDurationRange, CodeUnknownPolicy, CodeGuardRange, CodeLanguage,
	CodeLoginTaken, CodeLoginBlank, CodeUserEmail, CodeUserRole, CodeLastAdministrator, CodeDeleteSelf, CodeSuccessorSame, CodeEndChoice, CodeEndReadOnly, CodeEndStopped, CodePasswordShort, CodePasswordLong,
	CodeLinkKind, CodeLinkUserHasLink, CodeLinkCalendarTaken, CodeLinkChooseCalendar, CodeLinkOtherCalendar, CodeAddressFormat, CodeAddressesMany, CodeLinkOtherUser, CodeLinkUserInactive,
	CodeLinkPasswordAgain, CodeLinkCertificateAgain, CodeLinkUsernameColon, CodePlainAdministrator, CodeLinkOff, CodeLinkPaused, CodeLinkSignInAgain,
	CodeGrantStateUnknown, CodeGrantDraftGone, CodeGrantNotYet, CodeGrantByConsent, CodeGoogleAccount, CodeEndpoints, CodeStyle, CodeAppPasswordNotYet,
	CodeUnknownDecision, CodeDecidedAlready, CodeNothingDecided, CodeCursor,
	CodeTokenExpired, CodeTooManyTokens, CodePasswordWrong,
}
