package modelfile

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/septet-ml/septet/feature"
	"github.com/septet-ml/septet/table"
)

// Golden are rows with the scores that the file must give for them, bit for
// bit. The rows are nobody's: each cell is drawn by itself from the training
// rows of its column, and free text is made up of words that the features ask
// for.
type Golden struct {
	Rows   []map[string]any `json:"rows"`   // as the endpoint takes them: a number, a text or null per column
	Scores [][]float64      `json:"scores"` // width values a row
}

// maxGolden bounds the rows that a reader accepts.
const maxGolden = 1000

// MakeGolden draws n rows from raw's rows and scores them.
func (m *Model) MakeGolden(raw *table.Table, rows []int32, n int, seed uint64) error {
	random := rand.New(rand.NewPCG(seed, 0x901d))
	m.Golden = Golden{}
	for range n {
		row := make(map[string]any, len(m.Transform.Inputs))
		for _, in := range m.Transform.Inputs {
			c := raw.Column(in.Name)
			if c == nil {
				return fmt.Errorf("make golden rows: no column %q", in.Name)
			}
			at := int(rows[random.IntN(len(rows))])
			row[in.Name] = cell(&in.CellRule, c, at)
			if c.Kind == table.Text && !c.IsMissing(at) && m.isFreeText(in.Name) {
				row[in.Name] = m.sentence(in.Name, random)
			}
		}
		scores, err := m.scoreGolden(row)
		if err != nil {
			return err
		}
		m.Golden.Rows = append(m.Golden.Rows, row)
		m.Golden.Scores = append(m.Golden.Scores, scores)
	}
	return nil
}

// isFreeText tells whether a text column is no category: what it says is
// nobody's business who reads the file.
func (m *Model) isFreeText(column string) bool {
	for i := range m.Transform.Features {
		f := &m.Transform.Features[i]
		if f.Op == feature.Category && m.Transform.Inputs[f.Inputs[0]].Name == column {
			return false
		}
	}
	return true
}

// sentence is one to six words that the features of a free text ask for, or
// words of no meaning where they ask for none.
func (m *Model) sentence(column string, random *rand.Rand) string {
	var known []string
	for i := range m.Transform.Features {
		f := &m.Transform.Features[i]
		if f.Op == feature.HasWord && m.Transform.Inputs[f.Inputs[0]].Name == column {
			known = append(known, f.Levels[0])
		}
	}
	if len(known) == 0 {
		known = []string{"some", "words"}
	}
	said := make([]string, 1+random.IntN(6))
	for i := range said {
		said[i] = known[random.IntN(len(known))]
	}
	return strings.Join(said, " ")
}

// cell writes a value as a caller of the endpoint would.
func cell(rule *table.CellRule, c *table.Column, row int) any {
	if c.IsMissing(row) {
		return nil
	}
	switch c.Kind {
	case table.Number:
		return c.Number[row]
	case table.Text:
		return c.Levels[c.Code[row]]
	}
	layout := time.RFC3339
	if len(rule.Layouts) > 0 {
		layout = rule.Layouts[0]
	}
	return table.FormatTime(layout, time.UnixMicro(c.Time[row]).UTC())
}

// Replay scores the golden rows and counts those that agree bit for bit.
func (m *Model) Replay() (equal, total int, err error) {
	for i, row := range m.Golden.Rows {
		got, err := m.scoreGolden(row)
		if err != nil {
			return equal, total, err
		}
		same := len(got) == len(m.Golden.Scores[i])
		for k := range got {
			same = same && math.Float64bits(got[k]) == math.Float64bits(m.Golden.Scores[i][k])
		}
		total++
		if same {
			equal++
		}
	}
	return equal, total, nil
}

// scoreGolden scores a row by the rules that the endpoint reads by.
func (m *Model) scoreGolden(row map[string]any) ([]float64, error) {
	x, err := m.goldenFeatures(row)
	if err != nil {
		return nil, err
	}
	out := make([]float64, m.Width())
	m.Score(x, out)
	if !finite(out) {
		return nil, fmt.Errorf("score golden row: a score is not a finite number")
	}
	return out, nil
}

// goldenFeatures is the feature vector of a golden row.
func (m *Model) goldenFeatures(row map[string]any) ([]float64, error) {
	cells := make([]table.Value, len(m.Transform.Inputs))
	for i := range m.Transform.Inputs {
		in := &m.Transform.Inputs[i]
		var state table.State
		switch v := row[in.Name].(type) {
		case nil:
			cells[i], state = in.Read("")
		case string:
			cells[i], state = in.Read(v)
		case float64:
			literal, err := json.Marshal(v)
			if err != nil {
				return nil, fmt.Errorf("score golden row: column %q: %w", in.Name, err)
			}
			cells[i], state = in.ReadLiteral(string(literal))
		default:
			state = table.Invalid
		}
		if state == table.Invalid {
			return nil, fmt.Errorf("score golden row: column %q does not hold a %s", in.Name, in.Kind)
		}
	}
	x := make([]float64, len(m.Transform.Features))
	m.Features(cells, x)
	return x, nil
}

func (g *Golden) check(m *Model) error {
	if len(g.Rows) != len(g.Scores) || len(g.Rows) == 0 || len(g.Rows) > maxGolden {
		return fmt.Errorf("%d golden rows with %d scores", len(g.Rows), len(g.Scores))
	}
	for i, scores := range g.Scores {
		if len(scores) != m.Width() || !finite(scores) {
			return fmt.Errorf("golden row %d: wrong scores", i+1)
		}
	}
	return nil
}
