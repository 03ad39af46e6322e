package sqlite

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/septet-ml/septet/problem"
)

// refuseNetwork refuses a folder on a network file system: SQLite's shared
// memory and locks do not hold across machines. Where the system does not
// tell (no /proc/self/mountinfo), nothing is refused.
func refuseNetwork(dir string) error {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil
	}
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		abs = real
	}
	kind := mountKind(string(mounts), abs)
	if !isNetwork(kind) {
		return nil
	}
	return &problem.Problem{
		Kind: problem.Usage, Code: "workspace.network", Where: dir,
		What: "the workspace is on a network folder (" + kind + ")",
		Why:  "the ledger's locks hold on a local disk only",
		Fix:  "use --workspace with a local folder",
	}
}

// mountKind is the type of the file system that holds path, by the lines of
// /proc/self/mountinfo (proc(5)); of equal mount points the last one counts.
func mountKind(mounts, path string) string {
	kind, longest := "", -1
	for line := range strings.Lines(mounts) {
		fields := strings.Fields(line)
		if len(fields) < 7 {
			continue
		}
		point := unescape(fields[4])
		under := point == "/" || path == point || strings.HasPrefix(path, point+"/")
		if !under || len(point) < longest {
			continue
		}
		for i, f := range fields[6:] {
			if f == "-" && 6+i+1 < len(fields) {
				kind, longest = fields[6+i+1], len(point)
				break
			}
		}
	}
	return kind
}

// unescape undoes mountinfo's octal escapes.
func unescape(s string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(s)
}

func isNetwork(kind string) bool {
	kind = strings.TrimPrefix(kind, "fuse.")
	switch kind {
	case "nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "ceph", "glusterfs", "lustre", "gpfs", "beegfs",
		"sshfs", "s3fs", "gcsfuse", "blobfuse", "blobfuse2", "rclone", "davfs", "goofys", "mount-s3", "juicefs":
		return true
	}
	return false
}
