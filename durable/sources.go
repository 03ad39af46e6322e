package durable

import (
	"slices"

	"github.com/septet-ml/septet/ledger"
)

// Sources are the source files of the run with their digests: the sources in
// the order in which they were given, the files of a folder by name.
func (d *Desk) Sources() []ledger.File { return slices.Clone(d.run.record.Files) }
