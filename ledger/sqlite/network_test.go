package sqlite_test

import (
	"testing"

	"github.com/septet-ml/septet/ledger/sqlite"
)

func TestMountKind(t *testing.T) {
	mounts := `22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard
40 27 0:44 / /home/ann\040b rw,relatime shared:7 master:2 - nfs4 server:/home rw,vers=4.2
41 27 0:45 / /mnt/x rw - fuse.sshfs ann@host: rw
42 41 0:46 / /mnt/x/local rw - xfs /dev/vdb rw
43 27 0:47 / /over rw - ext4 /dev/vdc rw
44 27 0:48 / /over rw - cifs //server/share rw
a line that is none
`
	tests := []struct {
		path, kind string
		network    bool
	}{
		{"/data/.septet", "ext4", false},
		{"/home/ann b/.septet", "nfs4", true},
		{"/home/ann b", "nfs4", true},
		{"/home/ann bc", "ext4", false},
		{"/mnt/x/.septet", "fuse.sshfs", true},
		{"/mnt/x/local/.septet", "xfs", false},
		{"/over/ws", "cifs", true},
	}
	for _, test := range tests {
		kind := sqlite.MountKind(mounts, test.path)
		if kind != test.kind || sqlite.IsNetwork(kind) != test.network {
			t.Errorf("%s is on %q, network %v; want %q, %v", test.path, kind, sqlite.IsNetwork(kind), test.kind, test.network)
		}
	}
}
