package scope

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"

	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/table"
)

// choosePositive tells which class is the one of interest, and sets the
// classes of a binary problem. More than two classes become that one against
// the rest.
func (d *draft) choosePositive(asked string) error {
	t := d.target
	var value string
	if asked != "" {
		var err error
		if value, err = d.class(asked); err != nil {
			return err
		}
	} else {
		value = d.interest()
	}
	d.ProblemType = "binary"
	d.Target.Positive = &value
	if t.Distinct == 2 {
		other := t.Levels[0].Value
		if other == value {
			other = t.Levels[1].Value
		}
		d.Classes = []string{other, value}
		return nil
	}
	d.Classes = []string{"not " + value, value}
	d.assume(0.9, fmt.Sprintf("a class of interest is given and %s has %d", d.short(t), t.Distinct), "class %s is told from all others, which are not told apart", value)
	return nil
}

// within finds the class of several that says that it happens within the
// horizon of the request: "<30" for "within 30 days".
func (d *draft) within() (value string, ok bool) {
	n := d.r.said.horizonDays
	if n == 0 {
		return "", false
	}
	for _, l := range d.target.all {
		if number, below := strings.CutPrefix(strings.ReplaceAll(l.Value, " ", ""), "<"); below && strings.Trim(number, "=days") == strconv.Itoa(n) {
			d.assume(0.7, "the request says within "+plural(n, "day"), "class %s is the one of interest", l.Value)
			return l.Value, true
		}
	}
	return "", false
}

// class finds the value of the target that a person means.
func (d *draft) class(asked string) (string, error) {
	t := d.target
	for _, same := range []func(a, b string) bool{
		func(a, b string) bool { return a == b },
		func(a, b string) bool { return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b)) },
		sameNumber,
	} {
		for _, l := range t.all {
			if same(l.Value, asked) {
				return l.Value, nil
			}
		}
	}
	names := make([]string, len(t.all))
	for i, l := range t.all {
		names[i] = l.Value
	}
	slices.SortStableFunc(names, func(a, b string) int {
		return levenshtein.ComputeDistance(strings.ToLower(asked), strings.ToLower(a)) - levenshtein.ComputeDistance(strings.ToLower(asked), strings.ToLower(b))
	})
	return "", &problem.Problem{
		Kind: problem.Blocked, Code: "scope.no_class", Where: t.String(),
		What: fmt.Sprintf("column %s has no class %q", t.Name, asked), Why: "it has " + distinct(t) + " different values",
		Nearest: names[:min(3, len(names))], Fix: "give one of the column's values with --positive",
	}
}

func sameNumber(a, b string) bool {
	x, err1 := strconv.ParseFloat(strings.TrimSpace(a), 64)
	y, err2 := strconv.ParseFloat(strings.TrimSpace(b), 64)
	return err1 == nil && err2 == nil && x == y
}

// interest chooses the positive one of two classes: the one that the request
// names, the one that means yes, the one that a word of the request may be
// long for, else the rarer one. Each is listed as an assumption.
func (d *draft) interest() string {
	a, b := d.target.Levels[1].Value, d.target.Levels[0].Value // the rarer one first
	if d.target.Levels[0].Count == d.target.Levels[1].Count && b > a {
		a, b = b, a
	}
	settle := func(value string, confidence float64, because string) string {
		d.assume(confidence, because, "%s is the class of interest of %s", value, d.short(d.target))
		d.clause("/target/positive", because, fromData)
		return value
	}
	about := d.r.with(object, subject)
	named := func(v string) bool { return !plain(v) && d.r.says(v, object, subject) }
	switch x, y := named(a), named(b); {
	case x && !y:
		return settle(a, 0.9, "the request names it")
	case y && !x:
		return settle(b, 0.9, "the request names it")
	}
	x, y := polarity(a), polarity(b)
	if _, err := strconv.ParseFloat(a+b, 64); err == nil && x+y != 0 {
		x, y = 0, 0 // 1 and 2 say nothing, 0 and 1 do
	}
	if d.opposite {
		x, y = -x, -y
	}
	switch {
	case x > y:
		return settle(a, 0.8+0.075*float64(x-y), "of the two values it is the one that means yes"+opposed(d.opposite))
	case y > x:
		return settle(b, 0.8+0.075*float64(y-x), "of the two values it is the one that means yes"+opposed(d.opposite))
	}
	short := func(v string) bool {
		return slices.ContainsFunc(about, func(w word) bool { return d.abbreviates(d.target, v, w) })
	}
	switch x, y := short(a), short(b); {
	case x && !y:
		return settle(a, 0.7, "it may be short for a word of the request")
	case y && !x:
		return settle(b, 0.7, "it may be short for a word of the request")
	}
	if d.target.Levels[0].Count == d.target.Levels[1].Count {
		return settle(a, 0.5, "both values are as frequent, and it comes later in order; --positive says otherwise")
	}
	return settle(a, 0.6, "it is the rarer of the two values; --positive says otherwise")
}

func opposed(opposite bool) string {
	if opposite {
		return " to what is asked, the opposite of what the column says"
	}
	return ""
}

// polarity is 1 for a value that means that something happened ("Yes", "1",
// "churned"), -1 for one that means that it did not, 0 for another.
func polarity(value string) int {
	if n, err := strconv.ParseFloat(strings.TrimSpace(value), 64); err == nil {
		switch n {
		case 1:
			return 1
		case 0, -1:
			return -1
		}
		return 0
	}
	sign := 1
	for _, w := range nameWords(value) {
		switch {
		case w.lower == "not" || w.lower == "non" || w.lower == "no" && value != w.text:
			sign = -1
		case yes[w.lower]:
			return sign
		case no[w.lower]:
			return -sign
		}
	}
	if sign < 0 {
		return -1
	}
	return 0
}

// sortClasses puts classes in order: numbers by size, texts as they compare.
func sortClasses(classes []string, kind table.Kind) {
	slices.SortFunc(classes, func(a, b string) int {
		x, err1 := strconv.ParseFloat(a, 64)
		y, err2 := strconv.ParseFloat(b, 64)
		if kind == table.Number && err1 == nil && err2 == nil && x != y {
			return cmp.Compare(x, y)
		}
		return strings.Compare(a, b)
	})
}
