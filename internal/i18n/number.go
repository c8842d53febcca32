package i18n

import (
	"strconv"
	"strings"
)

// Number writes a whole number as the language groups it: 1.284, 1 284 (with a narrow no-break space), 1,284.
func Number[L ~string](lang L, n int) string {
	digits := strconv.Itoa(n)
	sign := ""
	if digits[0] == '-' {
		sign, digits = "-", digits[1:]
	}
	separator := map[string]string{Dutch: ".", French: "\u202f", English: ","}[language(lang)]
	var out strings.Builder
	for i := range len(digits) {
		if i > 0 && (len(digits)-i)%3 == 0 {
			out.WriteString(separator)
		}
		out.WriteByte(digits[i])
	}
	return sign + out.String()
}

// numberText writes a value that is a whole number as Number does, and another as it is.
func numberText(lang, value string) string {
	n, err := strconv.Atoi(value)
	if err != nil {
		return value
	}
	return Number(lang, n)
}
