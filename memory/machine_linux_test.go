package memory

import "testing"

func TestReadsWhatTheKernelSays(t *testing.T) {
	if got := field("MemTotal:       24684132 kB\nMemFree:        1 kB\nMemAvailable:   23855104 kB\n", "MemAvailable:"); got != 23855104 {
		t.Errorf("meminfo: %d kB are available", got)
	}
	if got := field("anon 5\ninactive_file 77\n", "inactive_file"); got != 77 || field("", "anon") != 0 {
		t.Errorf("memory.stat: %d bytes are inactive", got)
	}
	for text, want := range map[string]string{
		"0::/user.slice/run-1.scope\n":     "/user.slice/run-1.scope",
		"12:memory:/docker/1\n0::/\n":      "/",
		"12:memory:/docker/1\n1:name=x:/x": "",
	} {
		if got := group(text); got != want {
			t.Errorf("group of %q: %q, want %q", text, got, want)
		}
	}
	if above("/a/b") != "/a" || above("/a") != "/" || above("/") != "" {
		t.Error("the folders above /a/b")
	}
	if available() <= 0 {
		t.Error("no memory is available")
	}
}
