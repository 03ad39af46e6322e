package serve

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"

	"github.com/septet-ml/septet/problem"
)

// guard decides who may ask at all.
//
// Host is checked so that a foreign name that resolves to this address cannot
// be used to reach it (DNS rebinding), and requests that change something are
// refused if a browser says that another site made them (CSRF). Where a token
// is set, all but /livez and /readyz need it.
type guard struct {
	token [sha256.Size]byte // digest of the token
	auth  bool
	hosts []string // that are accepted beside loopback names and addresses
	cross *http.CrossOriginProtection

	replayID string // of the server's own requests, which need no token
}

// newGuard reads the token from its file; "" is no token.
func newGuard(tokenFile string, hosts []string) (guard, error) {
	g := guard{hosts: hosts, cross: http.NewCrossOriginProtection()}
	if tokenFile == "" {
		return g, nil
	}
	bad := func(why string, cause error) (guard, error) {
		return g, &problem.Problem{
			Kind: problem.Usage, Code: "serve.token", Where: tokenFile, Why: why, Cause: cause,
			What: "the token file cannot be used",
			Fix:  "put a random text of at least 16 characters into a file that only you can read (chmod 600)",
		}
	}
	info, err := os.Stat(tokenFile)
	if err != nil {
		return bad("it cannot be read", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return bad("others can read it", nil)
	}
	text, err := os.ReadFile(tokenFile)
	if err != nil {
		return bad("it cannot be read", err)
	}
	token := strings.TrimSpace(string(text))
	if len(token) < 16 {
		return bad("the token is shorter than 16 characters", nil)
	}
	g.token, g.auth = sha256.Sum256([]byte(token)), true
	return g, nil
}

// check gives why the request is refused, if it is. own is false for paths of
// the site, which has a token of its own.
func (g *guard) check(r *http.Request, own bool) *refusal {
	if !g.hostAllowed(r.Host) {
		return &refusal{status: http.StatusMisdirectedRequest, Problem: problem.Problem{
			Code: "request.host", What: "the request was made to a host name that is not this server's",
			Fix: "use the address that the server printed, or start it with --host NAME",
		}}
	}
	if !isRead(r) {
		if err := g.cross.Check(r); err != nil {
			return &refusal{status: http.StatusForbidden, Problem: problem.Problem{
				Code: "request.origin", What: "the request comes from another site's page",
			}}
		}
	}
	if g.auth && own && r.URL.Path != "/livez" && r.URL.Path != "/readyz" && !g.hasToken(r) {
		return &refusal{status: http.StatusUnauthorized, Problem: problem.Problem{
			Code: "request.token", What: "the request has no valid token", Fix: "send the header: Authorization: Bearer TOKEN",
		}}
	}
	return nil
}

func (g *guard) hasToken(r *http.Request) bool {
	if id := r.Header.Get(syntheticHeader); id != "" && subtle.ConstantTimeCompare([]byte(id), []byte(g.replayID)) == 1 {
		return true
	}
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	sum := sha256.Sum256([]byte(token))
	return ok && subtle.ConstantTimeCompare(sum[:], g.token[:]) == 1
}

// hostAllowed accepts "localhost", loopback addresses and the names and
// addresses that the server was told, with any port.
func (g *guard) hostAllowed(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.ToLower(strings.Trim(name, "[]"))
	if name == "127.0.0.1" || name == "localhost" {
		return true
	}
	if addr, err := netip.ParseAddr(name); err == nil && addr.IsLoopback() {
		return true
	}
	for _, known := range g.hosts {
		if strings.EqualFold(known, name) {
			return true
		}
	}
	return false
}
