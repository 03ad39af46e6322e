package web

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// number writes v with about four figures that say something: "0.8464",
// "12,345", "1.2e-09"; "–" where there is none.
func number(v float64) string {
	a := math.Abs(v)
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return "–"
	case a == 0:
		return "0"
	case a >= 1e15 || a < 1e-6:
		return strconv.FormatFloat(v, 'e', 2, 64)
	case a >= 1000:
		return grouped(strconv.FormatFloat(v, 'f', 0, 64))
	}
	places := 3 - int(math.Floor(math.Log10(a)))
	text := strconv.FormatFloat(v, 'f', min(max(places, 0), 6), 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

// grouped sets a comma between thousands of a whole number.
func grouped(digits string) string {
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// count writes a number of things: "12,345".
func count(n int) string { return grouped(strconv.Itoa(n)) }

// seconds writes a time in the unit that fits: "0.4 s", "3 min 20 s", "2 h 5 min".
func seconds(s float64) string {
	d := time.Duration(s * float64(time.Second))
	switch {
	case d < 100*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < 100*time.Minute:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
}

// size writes a number of bytes: "1.3 MB".
func size(bytes int64) string {
	v, unit := float64(bytes), "B"
	for _, next := range []string{"kB", "MB", "GB", "TB"} {
		if v < 1000 {
			break
		}
		v, unit = v/1000, next
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0") + " " + unit
}

// percent writes a share: "18.3 %".
func percent(share float64) string { return fmt.Sprintf("%.1f %%", 100*share) }
