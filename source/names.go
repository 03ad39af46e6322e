package source

import (
	"fmt"

	"github.com/septet-ml/septet/table"
)

// names makes of a header the names of the columns: an empty one becomes
// "column_3" (its place, from 1), a repetition "amount_2", "amount_3", ...
func names(header []string) []table.ColumnInfo {
	taken := map[string]bool{}
	for _, name := range header {
		taken[name] = true
	}
	used := map[string]bool{}
	columns := make([]table.ColumnInfo, len(header))
	for i, name := range header {
		unique := name
		if name == "" {
			unique = free(fmt.Sprintf("column_%d", i+1), taken)
		} else if used[name] {
			unique = ""
			for n := 2; unique == ""; n++ {
				if try := fmt.Sprintf("%s_%d", name, n); !taken[try] {
					unique = try
				}
			}
		}
		used[unique], taken[unique] = true, true
		columns[i] = table.ColumnInfo{Name: unique}
		if unique != name {
			columns[i].Header, columns[i].Renamed = name, true
		}
	}
	return columns
}

func free(name string, taken map[string]bool) string {
	for taken[name] {
		name += "_"
	}
	return name
}
