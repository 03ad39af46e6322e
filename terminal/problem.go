package terminal

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/septet-ml/septet/problem"
)

// Problem writes p as a person reads it. The first line says what is wrong
// and survives truncation:
//
//	error[data.no_target]: target column "churn_flg" is not in any table
//	  → spec.yaml:4:11
//	      target: churn_flg
//	              ^
//	  nearest: hcp_status.churn_flag, rx.churn
//	  fix: septet run … --target hcp_status.churn_flag
//	  help: septet explain data.no_target
func Problem(w io.Writer, s Style, p *problem.Problem) {
	fmt.Fprintf(w, "%s: %s\n", s.bad("error["+p.Code+"]"), s.strong(p.What))
	if p.Where != "" {
		fmt.Fprintf(w, "  %s %s\n", s.accent("→"), p.Where)
		excerpt(w, s, p.Where)
	}
	if p.Why != "" {
		fmt.Fprintf(w, "  %s\n", p.Why)
	}
	if len(p.Nearest) > 0 {
		fmt.Fprintf(w, "  nearest: %s\n", strings.Join(p.Nearest, ", "))
	}
	if p.Fix != "" {
		fmt.Fprintf(w, "  %s %s\n", s.good("fix:"), p.Fix)
	}
	fmt.Fprintf(w, "  %s\n", s.faint("help: septet explain "+p.Code))
}

// excerpt shows the line that where ("file:line:column") points to, where
// there is such a file.
func excerpt(w io.Writer, s Style, where string) {
	parts := strings.Split(where, ":")
	if len(parts) < 3 {
		return
	}
	column, err1 := strconv.Atoi(parts[len(parts)-1])
	line, err2 := strconv.Atoi(parts[len(parts)-2])
	if err1 != nil || err2 != nil || line < 1 || column < 1 {
		return
	}
	f, err := os.Open(strings.Join(parts[:len(parts)-2], ":"))
	if err != nil {
		return
	}
	defer f.Close()
	lines := bufio.NewScanner(io.LimitReader(f, 1<<20))
	for i := 0; lines.Scan(); {
		if i++; i == line {
			text := strings.ReplaceAll(lines.Text(), "\t", " ")
			fmt.Fprintf(w, "      %s\n      %s%s\n", text, strings.Repeat(" ", column-1), s.bad("^"))
			return
		}
	}
}
