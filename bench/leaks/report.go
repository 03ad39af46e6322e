package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/septet-ml/septet/bench/trial"
)

// report is the table of all cases.
func report(title string, all []outcome) string {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n\n`go run -tags duckdb_arrow ./bench/leaks`\n\n| leak | removed, blocked or kept in one part | by |\n|---|---|---|\n", title)
	var leaks []string
	for _, x := range plants {
		if !slices.Contains(leaks, x.leak) {
			leaks = append(leaks, x.leak)
		}
	}
	found, planted := 0, 0
	var missed []string
	for _, leak := range leaks {
		k, n, codes := 0, 0, map[string]int{}
		for _, o := range all {
			if o.Leak != leak {
				continue
			}
			n++
			if o.Found {
				k++
				codes[o.Code]++
			} else {
				missed = append(missed, strings.TrimSpace(fmt.Sprintf("%s, %s: %s %s", o.Set, o.Leak, o.How, o.Why)))
			}
		}
		found, planted = found+k, planted+n
		fmt.Fprintf(&b, "| %s | %s | %s |\n", leak, trial.Rate(k, n), listed(codes))
	}
	fmt.Fprintf(&b, "| **all** | **%s** | |\n", trial.Rate(found, planted))
	wrong, clean := 0, 0
	var lost, more []string
	for _, o := range all {
		if o.Leak == "" {
			clean += o.Clean
			wrong += len(o.Wrong)
			if o.Blocked {
				wrong += o.Clean - len(o.Wrong)
			}
			for _, x := range o.Wrong {
				lost = append(lost, o.Set+" "+x)
			}
		}
	}
	again, of := 0, 0
	for _, o := range all {
		if o.Leak == "" {
			continue
		}
		of += o.Clean
		for _, x := range o.Wrong {
			again++
			if name := o.Set + " " + x; !slices.Contains(lost, name) && !slices.Contains(more, name) {
				more = append(more, name)
			}
		}
	}
	fmt.Fprintf(&b, "| clean columns removed, tables as they are | %s | |\n", trial.Rate(wrong, clean))
	fmt.Fprintf(&b, "| clean columns removed, beside a planted leak | %s | |\n\n", trial.Rate(again, of))
	for _, x := range missed {
		fmt.Fprintf(&b, "- missed: %s\n", x)
	}
	for _, x := range lost {
		fmt.Fprintf(&b, "- a clean column removed: %s\n", x)
	}
	for _, x := range more {
		fmt.Fprintf(&b, "- beside a planted leak: %s\n", x)
	}
	return b.String()
}

// listed are the codes, the most frequent first.
func listed(codes map[string]int) string {
	var names []string
	for name := range codes {
		if name != "" {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		if codes[a] != codes[b] {
			return codes[b] - codes[a]
		}
		return strings.Compare(a, b)
	})
	for i, name := range names {
		names[i] = fmt.Sprintf("%s %d", name, codes[name])
	}
	return strings.Join(names, ", ")
}
