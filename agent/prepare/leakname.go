package prepare

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/table"
)

// Words of names that tell when a value is known.
var (
	// lateWords are of what is known only when something is over.
	lateWords = []string{
		"duration", "elapsed", "outcome", "result", "resolution", "resolved", "disposition", "closed", "closing", "closure",
		"completion", "completed", "finished", "final", "discharge", "discharged", "termination", "terminated", "cancellation", "canceled",
		"cancelled", "refund", "refunded", "chargeback", "writeoff", "settled", "settlement", "payout", "verdict", "diagnosis", "churned", "lapsed",
		"reason", "actual", "realized", "realised", "afterwards", "after", "post", "exit",
	}

	// earlyWords before or after them say that it was known all the same.
	earlyWords = []string{
		"previous", "prior", "past", "last", "earlier", "former", "history", "historical", "before", "first", "initial", "planned", "plan",
		"scheduled", "schedule", "expected", "estimated", "forecast", "predicted", "requested", "contract", "loan", "term", "warranty", "average", "avg", "mean",
	}

	// plannedWords are of dates that are fixed ahead.
	plannedWords = []string{
		"planned", "plan", "scheduled", "schedule", "expected", "estimated", "due", "expiry", "expiration", "expires", "renewal", "renew",
		"valid", "until", "maturity", "deadline", "appointment", "arrival", "departure", "booked", "target", "contract", "effective", "start", "begin",
	}

	// commonWords say nothing of what a column is about.
	commonWords = []string{
		"is", "has", "was", "the", "of", "in", "a", "an", "and", "per", "by", "to", "for", "no", "not", "num", "number", "count", "total", "sum", "mean",
		"median", "average", "avg", "max", "min", "rate", "ratio", "pct", "percent", "percentage", "value", "amount", "class", "target", "label", "flag", "type",
		"code", "id", "name", "date", "time", "day", "days", "month", "year", "y", "x", "new", "old", "index", "score", "level", "group", "category",
	}
)

// companionWords are the words that make of the name of an outcome the name of
// something written down with it.
var companionWords = []string{"date", "time", "datetime", "timestamp", "ts", "at", "on", "day", "dt", "code", "reason", "by", "note", "notes", "comment", "amount", "type"}

// akin tells that two words have one stem: they are the same, or begin with
// the same five letters or more and differ by an ending of at most five.
func akin(a, b string) bool {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n == len(a) && n == len(b) || n >= 5 && len(a)-n <= 5 && len(b)-n <= 5
}

// among tells that a word or its singular is in the list, or ends in a word of
// six letters or more that is: names are written without gaps, too.
func among(list []string, word string) bool {
	return slices.ContainsFunc(list, func(l string) bool {
		return word == l || word == l+"s" || len(l) >= 6 && strings.HasSuffix(word, l)
	})
}

func anyAmong(list, words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return among(list, w) })
}

func isPlanned(name string) bool { return anyAmong(plannedWords, table.Words(name)) }

// isKeyName tells that a column's name is that of a key.
func isKeyName(name string) bool {
	words := table.Words(name)
	if len(words) == 0 {
		return false
	}
	last := words[len(words)-1]
	return slices.Contains([]string{"id", "key", "no", "nr", "num", "number", "uuid", "guid", "code"}, last) ||
		len(words) == 1 && len(last) > 4 && (strings.HasSuffix(last, "id") || strings.HasSuffix(last, "num"))
}

// late tells why a column's name says that it is known only after the answer;
// "" if it does not. Words that more than half of the table's names have, three
// at least, are about the whole table.
func (c *checks) late(name string) string {
	words := table.Words(name)
	if anyAmong(earlyWords, words) {
		return ""
	}
	for _, w := range words {
		if among(lateWords, w) {
			return fmt.Sprintf("“%s” in its name is known only when something is over", w)
		}
	}
	for _, w := range words {
		for _, t := range table.Words(targetColumn(c.e)) {
			if utf8.RuneCountInString(w) >= 4 && akin(w, t) && !slices.Contains(commonWords, w) && !slices.Contains(commonWords, t) && !common(w, c.e.inputs) {
				return fmt.Sprintf("“%s” in its name is what the answer is about", w)
			}
		}
	}
	return ""
}

// common tells that a word stands in more than half of the columns' names, and
// in three.
func common(word string, t *table.Table) bool {
	n := 0
	for i := range t.Columns {
		if slices.Contains(table.Words(t.Columns[i].Name), word) {
			n++
		}
	}
	return n >= 3 && 2*n > len(t.Columns)
}

// meant judges a column by its name and strength.
func (c *checks) meant(key *answerKey, s *suspect) verdict {
	why := c.late(s.Name)
	if why == "" || s.strength < key.bar(hintArea, hintShare) {
		return verdict{}
	}
	v := verdict{code: "leak.late_meaning", evidence: why + ", and " + key.told(s.strength)}
	if s.strength < key.bar(lateArea, lateShare) {
		v.warn = true
		v.evidence += "; it is kept"
	}
	return v
}

// companions takes with a leak what was written down with it.
func (c *checks) companions(all []*suspect) {
	for _, s := range all {
		if c.dropped(s.Name) || c.isTime(s.Name) {
			continue
		}
		if leak := c.companionOf(s.Name); leak != "" {
			c.remove("leak.after_outcome", s.Name, fmt.Sprintf("by its name it is written down with %s, from which the answer follows", leak))
		}
	}
}

// companionOf is the removed leak whose name with a companion's word behind
// it is name; "" if there is none.
func (c *checks) companionOf(name string) string {
	words := table.Words(name)
	for _, f := range c.findings {
		if f.Column == nil || f.Action != handoff.Removed || !strings.HasPrefix(f.Code, "leak.target_") && f.Code != "leak.near_copy" {
			continue
		}
		leak := table.Words(*f.Column)
		if len(words) > len(leak) && slices.Equal(words[:len(leak)], leak) && !slices.ContainsFunc(words[len(leak):], func(w string) bool { return !slices.Contains(companionWords, w) }) {
			return *f.Column
		}
	}
	return ""
}
