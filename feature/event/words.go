package event

import (
	"fmt"
	"slices"
	"strings"
)

// explain is the feature with its formula, source columns and rule of time.
func (s *Schema) explain(f Feature) Feature {
	f.Formula = s.formula(&f)
	f.SourceColumns = s.sources(&f)
	f.AsOf = s.asOf(&f)
	return f
}

// formula is a feature in words.
func (s *Schema) formula(f *Feature) string {
	switch f.Measure {
	case Ratio:
		return fmt.Sprintf("(%s) divided by (%s)", s.formula(&f.Of[0]), s.formula(&f.Of[1]))
	case PeerMean:
		return fmt.Sprintf("mean of that number over all with an event and the same %s.%s", f.Table, f.Column)
	case Attribute:
		return fmt.Sprintf("%s of the row of %s", f.Column, f.Table)
	case Age:
		return fmt.Sprintf("days from %s of the row of %s to the snapshot", f.Column, f.Table)
	case Entity:
		return f.Column + " itself"
	}
	rows := fmt.Sprintf("rows of %s with the same %s", f.Table, strings.Join(f.By, " and "))
	if f.Where != nil {
		rows += fmt.Sprintf(" and %s = %s", called(f.Where.Lookup, f.Where.Column), f.Where.Value)
	}
	column := called(f.Lookup, f.Column)
	when := " before the snapshot"
	if f.Days > 0 {
		when = fmt.Sprintf(" in the %d days before the snapshot", f.Days)
	}
	switch f.Measure {
	case Count:
		return "number of " + rows + when
	case Sum, Mean, Min, Max:
		word := map[Measure]string{Sum: "sum", Mean: "mean", Min: "smallest", Max: "largest"}[f.Measure]
		return fmt.Sprintf("%s %s of the %s%s", word, column, rows, when)
	case Distinct:
		return fmt.Sprintf("number of different %s in the %s%s", column, rows, when)
	case Last:
		return fmt.Sprintf("%s of the newest of the %s%s", column, rows, when)
	case Recency:
		return fmt.Sprintf("days from the newest of the %s%s to it", rows, when)
	case Tenure:
		return fmt.Sprintf("days from the oldest of the %s%s to it", rows, when)
	case GapMean:
		return fmt.Sprintf("mean days between the %s%s", rows, when)
	case GapSD:
		return fmt.Sprintf("standard deviation of the days between the %s%s", rows, when)
	case Trend:
		return fmt.Sprintf("slope of the number of %s over six equal parts of the %d days before the snapshot, over its mean", rows, f.Days)
	}
	return string(f.Measure)
}

// called is a column with its table where that is a lookup.
func called(lookup, column string) string {
	if lookup == "" {
		return column
	}
	return lookup + "." + column
}

// sources are the source columns of a feature, keys left out, sorted.
func (s *Schema) sources(f *Feature) []string {
	out := f.Columns()
	var walk func(f *Feature)
	walk = func(f *Feature) {
		if e := s.events(f.Table); e != nil {
			out = append(out, e.Table+"."+e.Time)
			if e.Reported != "" {
				out = append(out, e.Table+"."+e.Reported)
			}
			for _, l := range e.Lookups {
				if l.Table == f.Lookup || f.Where != nil && l.Table == f.Where.Lookup {
					out = append(out, e.Table+"."+l.Column)
				}
			}
		}
		for i := range f.Of {
			walk(&f.Of[i])
		}
	}
	walk(f)
	if f.Measure == Entity {
		out = append(out, f.Column)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// asOf is the rule of time in words.
func (s *Schema) asOf(f *Feature) string {
	switch f.Measure {
	case Ratio:
		a, b := s.asOf(&f.Of[0]), s.asOf(&f.Of[1])
		if a == b {
			return a
		}
		return a + "; " + b
	case PeerMean:
		return s.asOf(&f.Of[0])
	case Attribute:
		if updated := s.Static[s.static(f.Table)].Updated; updated != "" {
			return fmt.Sprintf("only a row whose %s is before the snapshot", updated)
		}
		return "as the table stands: it has no date"
	case Age:
		return "only dates before the snapshot"
	case Entity:
		return "a part of the key"
	}
	e := s.events(f.Table)
	if e.Reported != "" {
		return fmt.Sprintf("only rows whose %s and %s are before the snapshot", e.Time, e.Reported)
	}
	return fmt.Sprintf("only rows whose %s is before the snapshot", e.Time)
}
