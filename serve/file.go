package serve

import (
	"encoding/json"
	"fmt"

	"github.com/septet-ml/septet/modelfile"
)

// OpenFile reads a .septet file.
func OpenFile(path string) (Model, error) {
	m, err := modelfile.Open(path)
	if err != nil {
		return nil, err
	}
	about := &About{
		Digest: m.Digest(), Bytes: m.Bytes(), Title: m.Title, Task: m.Task, Classes: m.Classes,
		Inputs: m.Transform.Inputs, Width: m.Width(), Points: m.Points, Conformal: m.Conformal,
	}
	for i := range m.Transform.Features {
		about.Features = append(about.Features, m.Transform.Features[i].Name)
	}
	for i, row := range m.Golden.Rows {
		text, err := json.Marshal(row)
		if err != nil {
			return nil, fmt.Errorf("open model file: golden row %d: %w", i+1, err)
		}
		about.Golden = append(about.Golden, Golden{Row: text, Scores: m.Golden.Scores[i]})
	}
	return fileModel{m, about}, nil
}

type fileModel struct {
	*modelfile.Model
	about *About
}

func (m fileModel) About() *About { return m.about }

func (m fileModel) Explainer() (*modelfile.Explainer, error) { return modelfile.NewExplainer(m.Model) }
