package web

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// Token reads the workspace's token for the pages, and makes it where there is
// none. Who has it may see everything that the pages show. The file is
// readable for its owner only.
func Token(workspace string) (string, error) {
	path := filepath.Join(workspace, "web.token")
	text, err := os.ReadFile(path)
	if err == nil && len(strings.TrimSpace(string(text))) >= 16 {
		return strings.TrimSpace(string(text)), nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read the pages' token: %w", err)
	}
	random := make([]byte, 15)
	rand.Read(random) // never fails
	token := strings.ToLower(base32.StdEncoding.EncodeToString(random))
	if err := os.WriteFile(path, []byte(token+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("keep the pages' token: %w", err)
	}
	return token, nil
}

// Link is the address of a page with the token in it.
func Link(addr, path, token string) string {
	return "http://" + addr + path + "?token=" + url.QueryEscape(token)
}

// cookie is the name under which the browser keeps the token. It names the
// port: cookies do not, and two workspaces may have servers on one machine.
func cookieName(r *http.Request) string {
	port := r.Host[strings.LastIndexByte(r.Host, ':')+1:]
	return "septet_" + strings.Map(func(c rune) rune {
		if c >= '0' && c <= '9' {
			return c
		}
		return -1
	}, port)
}

// allowed tells whether the request has the token. A page that was opened by
// its link gets it as a cookie, and is opened again without it, so that it
// stands in no history and in no referrer.
func (s *Site) allowed(w http.ResponseWriter, r *http.Request) bool {
	if given := r.URL.Query().Get("token"); given != "" && s.isToken(given) {
		http.SetCookie(w, &http.Cookie{
			Name: cookieName(r), Value: given, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode,
			MaxAge: 30 * 24 * 3600,
		})
		query := r.URL.Query()
		query.Del("token")
		clean := url.URL{Path: "/" + strings.TrimLeft(r.URL.Path, "/"), RawQuery: query.Encode()} // "//host" would lead elsewhere
		http.Redirect(w, r, clean.String(), http.StatusSeeOther)
		return false
	}
	if c, err := r.Cookie(cookieName(r)); err == nil && s.isToken(c.Value) {
		return true
	}
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok && s.isToken(bearer) {
		return true
	}
	s.refuse(w, r)
	return false
}

func (s *Site) isToken(given string) bool {
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(s.token))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}
