package source

import (
	"net/mail"
	"slices"
	"strings"
	"unicode"

	"github.com/septet-ml/septet/table"
)

// personal names the kind of personal data that a column seems to hold, ""
// where it seems to hold none: "email", "phone", "national_id", "name",
// "address", "birth_date", "ip", "card". Patterns that nothing else has are
// enough alone; others count only under a name that says the same. levels are
// values of the column, at most maxDistinct; nearlyUnique says that most rows
// have their own.
func personal(c *table.ColumnInfo, levels []table.Level, nearlyUnique bool) string {
	words := table.Words(c.Name)
	if c.Kind == table.Time {
		if slices.Contains(words, "dob") || slices.Contains(words, "birthdate") || slices.Contains(words, "birthday") ||
			hasAll(words, "birth", "date") || hasAll(words, "birth", "datetime") {
			return "birth_date"
		}
		return ""
	}
	if len(levels) == 0 || c.Kind == table.Number && !c.Integer {
		return ""
	}
	most := func(is func(string) bool) bool {
		n := 0
		for _, l := range levels {
			if is(l.Value) {
				n++
			}
		}
		return n*10 >= len(levels)*8
	}
	switch {
	case c.Kind == table.Text && most(isEmail):
		return "email"
	case c.Kind == table.Text && most(isNationalID):
		return "national_id"
	case hasAny(words, "ssn", "nino") && most(hasDigits(6)), hasAll(words, "social", "security") && most(hasDigits(6)), hasAny(words, "passport") && most(hasDigits(5)):
		return "national_id"
	case hasAny(words, "phone", "telephone", "mobile", "fax", "cell", "tel") && most(isPhone):
		return "phone"
	case c.Kind == table.Text && most(isIP):
		return "ip"
	case hasAny(words, "card", "pan", "iban", "account") && c.Kind == table.Text && most(isCard):
		return "card"
	case c.Kind == table.Text && isAddressName(words) && most(isAddress):
		return "address"
	case c.Kind == table.Text && isPersonName(words) && len(levels) >= 10 && most(isNameLike):
		return "name"
	case c.Kind == table.Text && len(words) == 1 && words[0] == "name" && nearlyUnique && most(isFullName):
		return "name"
	}
	return ""
}

func hasAny(words []string, any ...string) bool {
	return slices.ContainsFunc(any, func(w string) bool { return slices.Contains(words, w) })
}

func hasAll(words []string, all ...string) bool {
	return !slices.ContainsFunc(all, func(w string) bool { return !slices.Contains(words, w) })
}

// isPersonName tells that a column's name is that of a person's name.
func isPersonName(words []string) bool {
	if hasAny(words, "surname", "firstname", "lastname", "fullname", "forename", "middlename", "initials") {
		return true
	}
	return hasAny(words, "name") && hasAny(words, "first", "last", "full", "middle", "given", "family", "maiden",
		"patient", "physician", "doctor", "prescriber", "hcp", "contact", "person", "employee", "customer", "member", "client", "user", "player", "author")
}

// isFullName tells that a value may be a person's first and last name.
func isFullName(s string) bool {
	words := len(strings.Fields(s))
	return words >= 2 && words <= 4 && isNameLike(s)
}

// isNameLike tells that a value may be a person's name: one to five words of
// letters.
func isNameLike(s string) bool {
	words := strings.Fields(s)
	for _, r := range s {
		if !unicode.IsLetter(r) && !strings.ContainsRune(" .,'-’", r) {
			return false
		}
	}
	return len(words) >= 1 && len(words) <= 5
}

func isAddressName(words []string) bool {
	return hasAny(words, "address", "addr", "street") && !hasAny(words, "type", "state", "country", "city")
}

// isAddress tells that a value has a house number and a street.
func isAddress(s string) bool {
	return strings.ContainsAny(s, "0123456789") && strings.IndexFunc(s, unicode.IsLetter) >= 0 && strings.Contains(s, " ")
}

func isEmail(s string) bool {
	at := strings.LastIndexByte(s, '@')
	if at < 1 || !strings.Contains(s[at:], ".") || strings.ContainsAny(s, " ,;") {
		return false
	}
	_, err := mail.ParseAddress(s)
	return err == nil
}

// isPhone tells that a value is 7 to 15 digits with the marks of phone numbers.
func isPhone(s string) bool {
	for _, r := range s {
		if !unicode.IsDigit(r) && !strings.ContainsRune(" +-().x/", r) {
			return false
		}
	}
	digits := countDigits(s)
	return digits >= 7 && digits <= 15
}

// isNationalID tells a United States social security number with its dashes.
func isNationalID(s string) bool {
	return len(s) == 11 && s[3] == '-' && s[6] == '-' && isDigits(s[:3]) && isDigits(s[4:6]) && isDigits(s[7:])
}

// isIP tells an IPv4 address.
func isIP(s string) bool {
	parts := strings.Split(s, ".")
	for _, part := range parts {
		if !isDigits(part) || len(part) > 3 || len(part) == 3 && part > "255" {
			return false
		}
	}
	return len(parts) == 4
}

// isCard tells a number of a payment card by its length and check digit, and
// an IBAN by its form.
func isCard(s string) bool {
	s = strings.ReplaceAll(strings.ReplaceAll(s, " ", ""), "-", "")
	if len(s) >= 15 && len(s) <= 34 && unicode.IsUpper(rune(s[0])) && unicode.IsUpper(rune(s[1])) && isDigits(s[2:4]) {
		return true
	}
	if !isDigits(s) || len(s) < 13 || len(s) > 19 {
		return false
	}
	sum := 0
	for i := range len(s) {
		digit := int(s[len(s)-1-i] - '0')
		if i%2 == 1 {
			if digit *= 2; digit > 9 {
				digit -= 9
			}
		}
		sum += digit
	}
	return sum%10 == 0
}

func hasDigits(n int) func(string) bool {
	return func(s string) bool { return countDigits(s) >= n }
}

func countDigits(s string) (n int) {
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' {
			n++
		}
	}
	return n
}
