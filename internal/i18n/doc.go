// Package i18n holds the sentences of the product in Dutch, French and English, none missing in any, and says numbers, days
// and times as each language does. It imports nothing of ours; what a person typed or a calendar holds comes in as values
// of places and is never interpreted.
//
// The sentences of one area lie in messages/AREA.LANGUAGE.json, a flat object of key and text. A text may have places:
//
//	{name}                                   the value as it is
//	{count, number}                          1.284
//	{day, date}                              a day given as 2026-11-23, in words: maandag 23 november 2026
//	{count, plural, one {...} other {...}}   the form that fits a whole number; inside it {count} is written as a number
//	{count, plural, =0 {...} other {...}}    the same, with a text of its own for one figure
//
// Forms may hold places. Braces have no other use, and there is nothing to escape.
package i18n
