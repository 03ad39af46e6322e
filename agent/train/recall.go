package train

import (
	"fmt"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/seen"
)

// recall keeps the answers of the rows for new ones that are identical to them
// in every feature, where that helps. Rows of entities, of times or of events
// are left alone: there identical rows may be the same case once more, which
// does not tell how much they say about the next one. Where the size of the
// file is limited, the learners have all of it. Threshold and intervals stay
// those of rows that were never seen.
func (r *recipe) recall(data learn.Data, in handoff.Choice) {
	dataset := in.Features.Dataset
	if dataset.Policy.By != "stratified" || in.Features.Points != nil || dataset.Scope.Constraints.ModelBytes > 0 {
		return
	}
	evidence, ok := seen.Weigh(data, r.oof)
	if !ok {
		return
	}
	r.evidence, r.seen = evidence, seen.New(data, r.oof, evidence.Strength)
}

// forgets tells whether --set asks that no rows be kept.
func forgets(set map[string]string) bool { return set["identical_rows"] == "off" }

// recalled is what the card says of the rows that are kept; nothing where none
// are.
func (r *recipe) recalled() []string {
	if r.seen == nil {
		return nil
	}
	e, loss := r.evidence, "log loss"
	if r.seen.Task() == learn.Regression {
		loss = "squared error"
	}
	return []string{fmt.Sprintf("a row that is identical to training rows in every feature is predicted by their answers, too, where its prediction without them counts as %.4g rows: out of fold that takes the %s of the %d rows with copies from %.4g to %.4g; the %d different rows are kept as hashes in %d bytes; %d rows of the sealed test were identical to one of them before they were learned from",
		e.Strength, loss, e.Rows, e.Without, e.With, r.seen.Kinds(), r.seen.Bytes(), r.met)}
}
