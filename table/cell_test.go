package table

import (
	"math"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestReadNumber(t *testing.T) {
	euro := CellRule{Decimal: ",", Group: ".", Unit: "€"}
	dollar := CellRule{Group: ",", Unit: "$"}
	percent := CellRule{Unit: "%"}
	space := CellRule{Group: " ", Decimal: ","}
	nan := math.NaN()
	for _, test := range []struct {
		rule  CellRule
		cell  string
		want  float64
		state State
	}{
		{CellRule{}, "12.50", 12.5, Present},
		{CellRule{}, " 7 ", 7, Present},
		{CellRule{}, "\u00a07\t", 7, Present},
		{CellRule{}, "-.5", -0.5, Present},
		{CellRule{}, "+3.", 3, Present},
		{CellRule{}, "1e-3", 0.001, Present},
		{CellRule{}, "9007199254740993", 9007199254740992, Present},
		{CellRule{}, "0.30000000000000004", 0.30000000000000004, Present},
		{CellRule{}, "1e400", nan, Infinite},
		{CellRule{}, "-Infinity", nan, Infinite},
		{CellRule{}, "inf", nan, Infinite},
		{CellRule{}, "", nan, Absent},
		{CellRule{}, "  ", nan, Absent},
		{CellRule{}, "NaN", nan, Absent},
		{CellRule{}, "?", nan, Absent},
		{CellRule{}, `\N`, nan, Absent},
		{CellRule{}, "None", nan, Absent},
		{CellRule{}, "-", nan, Absent},
		{CellRule{}, "0x10", nan, Invalid},
		{CellRule{}, "1_000", nan, Invalid},
		{CellRule{}, "1,234", nan, Invalid},
		{CellRule{}, "12e", nan, Invalid},
		{CellRule{}, "--5", nan, Invalid},
		{CellRule{}, "five", nan, Invalid},
		{euro, "1.234,5 €", 1234.5, Present},
		{euro, "€ 7", 7, Present},
		{euro, "0,25", 0.25, Present},
		{euro, "1.5", nan, Invalid},
		{euro, "-12.345.678,9", -12345678.9, Present},
		{dollar, "$1,234,567.89", 1234567.89, Present},
		{dollar, "-$1,234", -1234, Present},
		{dollar, "1234", 1234, Present},
		{dollar, "12,34", nan, Invalid},
		{dollar, "$", nan, Invalid},
		{percent, "45 %", 45, Present},
		{percent, "45", 45, Present},
		{space, "1 234,5", 1234.5, Present},
		{space, "12 34", nan, Invalid},
	} {
		got, state := test.rule.ReadNumber(test.cell)
		if state != test.state || got != test.want && !(math.IsNaN(got) && math.IsNaN(test.want)) {
			t.Errorf("%+v reads %q as %v, %d; want %v, %d", test.rule, test.cell, got, state, test.want, test.state)
		}
	}
}

func TestReadText(t *testing.T) {
	flag := CellRule{Kind: Text, Bool: []string{"FALSE", "TRUE"}}
	for _, test := range []struct {
		rule  CellRule
		cell  string
		want  string
		state State
	}{
		{CellRule{Kind: Text}, " <=50K", "<=50K", Present},
		{CellRule{Kind: Text}, "None", "None", Present},
		{CellRule{Kind: Text}, "-", "-", Present},
		{CellRule{Kind: Text}, "007", "007", Present},
		{CellRule{Kind: Text}, "?", "", Absent},
		{CellRule{Kind: Text}, "NULL", "", Absent},
		{flag, "true", "TRUE", Present},
		{flag, "False", "FALSE", Present},
		{flag, "maybe", "maybe", Present},
	} {
		got, state := test.rule.ReadText(test.cell)
		if got != test.want || state != test.state {
			t.Errorf("%+v reads %q as %q, %d; want %q, %d", test.rule, test.cell, got, state, test.want, test.state)
		}
	}
}

func TestReadTime(t *testing.T) {
	mixed := CellRule{Kind: Time, Layouts: []string{"2006-01-02", "1/2/2006"}}
	zoned := CellRule{Kind: Time, Layouts: []string{"2006-01-02T15:04:05Z07:00"}}
	for _, test := range []struct {
		rule  CellRule
		cell  string
		want  time.Time
		state State
	}{
		{mixed, "2024-02-29", time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC), Present},
		{mixed, " 12/31/1999 ", time.Date(1999, 12, 31, 0, 0, 0, 0, time.UTC), Present},
		{mixed, "2023-02-29", time.Time{}, Invalid},
		{mixed, "None", time.Time{}, Absent},
		{zoned, "2024-03-01T00:30:00.25+02:00", time.Date(2024, 2, 29, 22, 30, 0, 250e6, time.UTC), Present},
	} {
		got, state := test.rule.ReadTime(test.cell)
		want := int64(NoTime)
		if test.state == Present {
			want = test.want.UnixMicro()
		}
		if got != want || state != test.state {
			t.Errorf("%+v reads %q as %d, %d; want %d, %d", test.rule, test.cell, got, state, want, test.state)
		}
	}
}

func TestReadLiteral(t *testing.T) {
	rule := CellRule{Decimal: ",", Group: "."}
	if got, state := rule.ReadLiteral("1.234"); got.Number != 1.234 || state != Present {
		t.Errorf("a JSON number in a column with decimal commas: got %v, %d", got.Number, state)
	}
	if got, state := rule.Read("1.234"); got.Number != 1234 || state != Present {
		t.Errorf("the same digits as a cell: got %v, %d", got.Number, state)
	}
	text := CellRule{Kind: Text}
	if got, state := text.ReadLiteral("12"); got.Text != "12" || state != Present {
		t.Errorf("a JSON number in a text column: got %q, %d", got.Text, state)
	}
}

func FuzzReadNumber(f *testing.F) {
	for _, seed := range []string{"1", "-0.5", "1e22", "123456789012345", "0.000000000000001", "1e400", "4.9e-324", ".", "1.2.3", "０"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, cell string) {
		got, state := (&CellRule{}).ReadNumber(cell)
		if state != Present {
			if !math.IsNaN(got) {
				t.Fatalf("%q: %v without a value", cell, got)
			}
			return
		}
		want, err := strconv.ParseFloat(strings.TrimSpace(cell), 64)
		if err != nil || math.Float64bits(got) != math.Float64bits(want) {
			t.Fatalf("%q reads as %v, strconv says %v, %v", cell, got, want, err)
		}
	})
}

func FuzzReadMarks(f *testing.F) {
	f.Add("1.234,5 €", ".", ",", "€")
	f.Add("$-1,234", ",", "", "$")
	f.Fuzz(func(t *testing.T, cell, group, decimal, unit string) {
		rule := CellRule{Group: group, Decimal: decimal, Unit: unit}
		if got, state := rule.ReadNumber(cell); (state == Present) == (math.IsNaN(got) || math.IsInf(got, 0)) {
			t.Fatalf("%+v reads %q as %v, %d", rule, cell, got, state)
		}
	})
}
