package serve

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// description is the answer to GET /v1/models/{name}.
type description struct {
	Name     string        `json:"name"`
	Version  int           `json:"version"`
	Digest   string        `json:"digest"`
	Slot     string        `json:"slot"`
	Title    string        `json:"title"`
	Task     string        `json:"task"`
	Classes  []string      `json:"classes"`
	URL      string        `json:"url"`
	Inputs   []inputColumn `json:"inputs"`
	Entity   []inputColumn `json:"entity,omitempty"` // columns that name a unit: just they are enough in a row
	AsOf     string        `json:"as_of,omitempty"`  // the date of what is looked up then
	Features []string      `json:"features"`
	Example  any           `json:"example"` // a request; the row is made up
	Curl     string        `json:"curl"`
}

type inputColumn struct {
	Name string `json:"name"`
	Kind string `json:"kind"`           // number, text or time
	Unit string `json:"unit,omitempty"` // that a text may carry beside the number
}

func (s *Server) describe(slot *slot) description {
	about := slot.about
	d := description{
		Name: slot.ref.Name, Version: slot.ref.Version, Digest: slot.ref.Digest, Slot: slot.color, Title: about.Title,
		Task: string(about.Task), Classes: about.Classes, Features: about.Features, URL: s.modelURL(slot.ref.Name),
		Inputs: make([]inputColumn, len(about.Inputs)),
	}
	for i := range about.Inputs {
		in := &about.Inputs[i]
		d.Inputs[i] = inputColumn{in.Name, in.Kind.String(), in.Unit}
	}
	if len(about.Golden) > 0 {
		request := exampleBody(nil, about.Golden[0])
		d.Example = json.RawMessage(request)
		if l := slot.form.lookup; l != nil {
			request = d.byName(l)
		}
		d.Curl = fmt.Sprintf("curl -s %s -H 'content-type: application/json' -d '%s'",
			shellQuote(d.URL+":predict"), strings.ReplaceAll(string(request), "'", `'\''`))
	}
	return d
}

// byName describes the lookup and gives a request with a row that only names a
// unit. It holds nobody's key, but says where to put one.
func (d *description) byName(l *lookup) []byte {
	d.AsOf = l.asOf
	row := make(map[string]string, len(l.entity))
	for i := range l.entity {
		in := &l.entity[i]
		d.Entity = append(d.Entity, inputColumn{in.Name, in.Kind.String(), in.Unit})
		row[in.Name] = "PUT A " + in.Name + " HERE"
	}
	body, err := json.Marshal(map[string]any{"rows": []any{row}})
	if err != nil {
		panic("serve: texts that are no JSON: " + err.Error())
	}
	return body
}

func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// modelURL is where a name is described; ":predict" after it predicts.
func (s *Server) modelURL(name string) string { return s.base + modelsPath + "/" + name }

func (s *Server) listModels(w http.ResponseWriter) {
	models := []any{}
	for _, name := range s.names() {
		r := s.endpoint(name).route.Load()
		if r == nil || r.live == nil {
			continue
		}
		models = append(models, struct {
			modelRef
			Slot string `json:"slot"`
			URL  string `json:"url"`
		}{r.live.ref, r.live.color, s.modelURL(name)})
	}
	writeJSON(w, http.StatusOK, map[string]any{"models": models})
}
