package prepare

import (
	"fmt"
	"slices"

	"github.com/septet-ml/septet/durable"
	"github.com/septet-ml/septet/fold"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/table"
)

// checks collects what is found. Nothing reaches the desk before report.
type checks struct {
	desk     *durable.Desk
	e        *examples
	parts    *parts
	findings []handoff.Finding
	done     []string // gates

	aggregate map[string]string // evidence of leak.label_aggregate by column
}

// fit are the rows that may be looked at: train and validation.
func (c *checks) fit() []int32 { return c.parts.Rows(fold.Train, fold.Validation) }

func (c *checks) find(code string, severity handoff.Severity, action handoff.Action, column, evidence, fix string) {
	name := c.e.info.Name
	f := handoff.Finding{Code: code, Severity: severity, Table: &name, Action: action, Evidence: evidence, Fix: fix}
	if column != "" {
		f.Column = &column
	}
	c.findings = append(c.findings, f)
}

// remove leaves a column out, unless a waiver takes it on.
func (c *checks) remove(code, column, evidence string) {
	c.find(code, handoff.Warning, handoff.Removed, column, evidence,
		fmt.Sprintf("nothing; to keep it: --waive %q", code+":"+column+"=REASON"))
}

// found tells whether the column has a finding of a code that begins so.
func (c *checks) found(column string, action handoff.Action) bool {
	return slices.ContainsFunc(c.findings, func(f handoff.Finding) bool {
		return f.Column != nil && *f.Column == column && f.Action == action
	})
}

// kept are the inputs that no finding removed, in their order.
func (c *checks) kept() []string {
	kept := []string{}
	for i := range c.e.inputs.Columns {
		name := c.e.inputs.Columns[i].Name
		out := slices.ContainsFunc(c.findings, func(f handoff.Finding) bool {
			return f.Column != nil && *f.Column == name && f.Action == handoff.Removed &&
				!handoff.IsWaived(c.desk.Settings.Waivers, f.Code, c.e.info.Name, name)
		})
		if !out {
			kept = append(kept, name)
		}
	}
	return kept
}

// report lays the findings on the desk, the gates that were held, and refuses
// data that have no input left.
func (c *checks) report(kept []string) error {
	for _, f := range c.findings {
		c.desk.Find(f)
	}
	for _, gate := range c.done {
		c.desk.Checked(gate)
	}
	features := slices.DeleteFunc(slices.Clone(kept), func(name string) bool {
		return name == c.e.timeColumn()
	})
	if len(features) == 0 && c.e.events == nil {
		return &problem.Problem{
			Kind: problem.Blocked, Code: "data.no_features", Where: c.e.info.Name,
			What: "no column is left to predict from", Why: fmt.Sprintf("%s excluded by the scope, %d by findings", plural(len(c.e.others.Columns), "column"), len(c.e.inputs.Columns)-len(kept)),
			Fix: "give a table with more columns, or keep one with --waive CODE:COLUMN=REASON",
		}
	}
	return nil
}

// shape tells what the reading of the file set aside or had to decide.
func (c *checks) shape() {
	info := c.e.info
	if info.RejectedRows > 0 {
		first := info.Rejected[0]
		c.find("data.rejected_rows", handoff.Warning, handoff.Warned, "",
			fmt.Sprintf("%d of %d rows do not fit the header and were set aside; the first is line %d: %s", info.RejectedRows, info.Rows+info.RejectedRows, first.Line, first.Reason),
			"mend these lines and run again")
	}
	if info.RecodedCells > 0 {
		c.find("data.encoding", handoff.Warning, handoff.Repaired, "",
			fmt.Sprintf("%s not valid UTF-8 and were read as Windows-1252", plural(info.RecodedCells, "cell")), "export the table as UTF-8")
	}
	for _, name := range info.Ignored {
		c.find("data.ignored_column", handoff.Warning, handoff.Removed, name, "it holds lists or structures, no single values", "write its parts as columns of their own")
	}
	for i := range info.Columns {
		col := &info.Columns[i]
		if col.Renamed {
			c.find("data.duplicate_header", handoff.Warning, handoff.Repaired, col.Name,
				fmt.Sprintf("the header of column %d is empty or was there before; the column is now called %q", i+1, col.Name), "give every column its own name")
		}
		if c.e.inputs.Column(col.Name) == nil {
			continue
		}
		present := info.Rows - col.Missing
		if col.Kind == table.Text && col.Numbers*10 >= present*9 && col.Numbers < present && !col.LeadingZeros && !col.LongDigits {
			c.find("data.mixed_column", handoff.Warning, handoff.Warned, col.Name,
				fmt.Sprintf("%d of %d cells are numbers, the others are not: the column is read as text", col.Numbers, present), "mend or empty the other cells")
		}
		if col.DayMonthGuess {
			c.find("data.day_month", handoff.Warning, handoff.Warned, col.Name,
				"days and months could be swapped in every cell; they are read as "+col.Layouts[0], "write dates as YYYY-MM-DD")
		}
	}
}

// samples holds the rows with an answer against the scope's minimum.
func (c *checks) samples() {
	c.done = append(c.done, gateSamples)
	if c.e.unanswered > 0 {
		c.find("data.no_answer", handoff.Info, handoff.NoAction, "", fmt.Sprintf("%s without an answer left out", plural(c.e.unanswered, "row")), "nothing")
	}
	if n := c.e.n(); n < c.e.scope.MinimumSamples {
		c.find("data.too_few", handoff.Blocking, handoff.Stopped, "",
			fmt.Sprintf("%s with an answer, %d are asked for", plural(n, "row"), c.e.scope.MinimumSamples),
			fmt.Sprintf("give more rows, or ask for fewer: --set minimum_samples=%d", n))
	}
}

// personal keeps personal data out of the features.
func (c *checks) personal() {
	c.done = append(c.done, gatePersonal)
	for i := range c.e.info.Columns {
		col := &c.e.info.Columns[i]
		if col.Personal == "" || c.e.inputs.Column(col.Name) == nil && !c.e.isExcluded(col.Name) {
			continue
		}
		c.remove("personal."+col.Personal, col.Name, "the cells look like "+personalWords[col.Personal]+"; no feature is made of it")
	}
	for i := range c.e.inputs.Columns {
		col := &c.e.inputs.Columns[i]
		if col.Kind != table.Text || c.found(col.Name, handoff.Removed) {
			continue
		}
		if kind, rows := inText(col); kind != "" {
			c.remove("personal."+kind, col.Name, fmt.Sprintf("%s inside the text of %s", personalWords[kind], plural(rows, "row")))
		}
	}
}

var personalWords = map[string]string{
	"email": "e-mail addresses", "phone": "telephone numbers", "national_id": "national identity numbers", "name": "names of persons",
	"address": "street addresses", "birth_date": "dates of birth", "ip": "network addresses", "card": "numbers of cards or accounts",
}

// split audits the parts.
func (c *checks) split() {
	c.done = append(c.done, gateSplit)
	for _, fault := range c.parts.Audit.Broken(c.parts.policy) {
		c.find("data.split", handoff.Blocking, handoff.Stopped, "", fault, "report this: the parts are made so that it cannot be")
	}
	if c.parts.fell != "" {
		c.find("data.split", handoff.Warning, handoff.Warned, "", c.parts.fell+"; the parts are not in the order of time", c.parts.mend)
	} else if n := len(c.parts.Parts); n < 4 && c.parts.Reason != fold.AllParts {
		c.find("data.split", handoff.Warning, handoff.Warned, "", fmt.Sprintf("only %d parts fit: there is no holdout", n), "give more rows or a longer period")
	}
	if c.e.classes() > 0 {
		for class, name := range c.e.scope.Classes {
			for _, part := range c.parts.Audit.Without(class) {
				c.find("data.split", handoff.Warning, handoff.Warned, "", fmt.Sprintf("the %s part has no row of the class that is number %d of %d (%s)", part, class+1, c.e.classes(), name),
					"give more rows of the class; figures of that part say nothing about it")
			}
		}
	}
	c.duplicates()
	c.overlap()
}

// duplicates tells of rows that are copies of others.
func (c *checks) duplicates() {
	e := c.e
	if e.copies == nil || e.extras() == 0 {
		return
	}
	severity := handoff.Warning
	if e.expected {
		severity = handoff.Info
	}
	evidence := fmt.Sprintf("%s that are exact copies of others", plural(e.extras(), "row"))
	switch {
	case e.alike == nil:
		c.find("leak.duplicates", handoff.Info, handoff.NoAction, "", evidence+", which is to be expected of columns with so few values", "nothing")
	case c.parts.data.Duplicate == nil:
		c.find("leak.duplicates", severity, handoff.Warned, "",
			fmt.Sprintf("%s; those of different %s may be in different parts, for copies would tie more than a tenth of all rows together", evidence, joined(e.by)),
			"nothing, if such rows look the same as many do; remove copies that are mistakes")
	default:
		c.find("leak.duplicates", severity, handoff.Repaired, "", evidence+"; all copies of a row are in one part", "nothing; remove them if they are mistakes")
	}
}

// overlap tells of keys with several rows.
func (c *checks) overlap() {
	e := c.e
	if e.groups == nil {
		return
	}
	several, values := 0, 0
	for _, size := range sizes(e.groups) {
		if values++; size > 1 {
			several++
		}
	}
	for _, alone := range keyless(e.keys(e.by)) {
		if alone > 0 {
			values--
		}
	}
	if several > 0 {
		c.find("leak.entity_overlap", handoff.Warning, handoff.Repaired, "",
			fmt.Sprintf("%d of %d values of %s have several rows; all rows of a value are in one part", several, values, joined(e.by)), "nothing")
	}
}

func joined(names []string) string {
	s := ""
	for i, name := range names {
		if i > 0 {
			s += " and "
		}
		s += name
	}
	return s
}
