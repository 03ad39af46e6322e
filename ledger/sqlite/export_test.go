package sqlite

import (
	"fmt"
	"testing"
)

// LimitPages keeps the file from growing, as a full disk does. It leaves the
// ledger one connection, which has the limit.
func (l *Ledger) LimitPages(t *testing.T, pages int) {
	t.Helper()
	l.db.SetMaxOpenConns(1)
	if _, err := l.db.Exec(fmt.Sprintf(`PRAGMA max_page_count = %d`, pages)); err != nil {
		t.Fatal(err)
	}
}

// MountKind and IsNetwork are what refuseNetwork decides by.
var (
	MountKind = mountKind
	IsNetwork = isNetwork
)
