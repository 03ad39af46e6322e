package scope

import (
	"fmt"
	"slices"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/table"
)

// chooseUnit finds the columns of the event table that name the unit: one for
// each noun of the request that a key fits, and the column of a value that the
// request names, such as a brand.
func (d *draft) chooseUnit() error {
	if len(d.settings.Entity) > 0 || d.settings.Set["entity"] != "" || len(d.spec.Entity) > 0 {
		_, err := d.chooseEntity()
		d.nameUnits()
		return err
	}
	d.Entity = []string{}
	add := func(c *column, because string) {
		d.clause(fmt.Sprintf("/entity/%d", len(d.Entity)), because, fromRequest)
		d.Entity = append(d.Entity, c.Name)
	}
	for _, w := range d.r.with(subject, object, tail) {
		if !d.nouns[w.stem] || w.role == object && len(d.Entity) > 0 && d.isCalled(d.main, w) {
			continue // "patients who will have a visit": the visit is the event
		}
		if c := d.keyFor(w); c != nil && !slices.Contains(d.Entity, c.Name) {
			add(c, w.text)
		}
	}
	if len(d.Entity) == 0 {
		c, err := d.mainKey()
		if err != nil {
			return err
		}
		d.Entity = append(d.Entity, c.Name)
		d.clause("/entity/0", "column "+c.String(), fromData)
		d.assume(0.7, "it is the key that comes again in "+d.main.Name, "column %s tells the entities apart", c.Name)
	}
	if c := d.brand(); c != nil && !slices.Contains(d.Entity, c.Name) {
		add(c, "a value of column "+c.Name)
	}
	d.nameUnits()
	return nil
}

// nameUnits takes the nouns of the request for the entity's columns.
func (d *draft) nameUnits() {
	named := map[string]bool{}
	for _, w := range d.r.with(subject, object, tail) {
		if !d.nouns[w.stem] {
			continue
		}
		if c := d.keyFor(w); c != nil && slices.Contains(d.Entity, c.Name) && !named[c.Name] {
			named[c.Name] = true
			d.units = append(d.units, singular(w.text))
		}
	}
}

// keyFor is the column of the event table that tells apart what a noun names:
// a key first, then a name.
func (d *draft) keyFor(w word) *column {
	for _, c := range d.recurring(d.main) {
		if d.keyOf(c, w) {
			return c
		}
	}
	for i := range d.columns {
		c := &d.columns[i]
		if c.table == d.main && c.Kind == table.Text && c.repeats() && proper[lastWord(c)] && slices.ContainsFunc(c.parts, func(p word) bool { return d.alike(w, p) >= 0.8 }) {
			return c
		}
	}
	return nil
}

// lastWord is the last word of a column's name.
func lastWord(c *column) string { return c.parts[len(c.parts)-1].lower }

// mainKey is the key of the event table that tells entities apart where the
// request has no noun for it: one that is unique in another table.
func (d *draft) mainKey() (*column, error) {
	keys := d.recurring(d.main)
	var known []*column
	for _, k := range keys {
		for i := range d.columns {
			if c := &d.columns[i]; c.table != d.main && c.squashed == k.squashed && c.unique() {
				known = append(known, k)
				break
			}
		}
	}
	if len(known) > 0 {
		keys = known
	}
	if len(keys) == 1 {
		return keys[0], nil
	}
	options := make([]string, len(keys))
	for i, k := range keys {
		options[i] = k.Name
	}
	answer, ok := d.ask(handoff.Question{ID: "entity", Type: "choice", Options: options, Default: &options[0], Text: "For whom is predicted? Which column tells them apart?"}, "several keys come again")
	if !ok {
		return nil, d.waiting()
	}
	return keys[slices.Index(options, answer)], nil
}

// brand is a column of the event table, named as brands are, of which the
// request names a value; nil if there is none.
func (d *draft) brand() *column {
	for i := range d.r.words {
		f, end, ok := d.valueAt(i)
		if !ok || f.Table != d.main.Name || d.r.words[i].taken || !d.meant(i, end, f) {
			continue
		}
		if c := d.inTable(d.main, f.Column); d.isBrand(c) {
			return c
		}
	}
	return nil
}

// isBrand tells whether a column is named as columns of brands are.
func (d *draft) isBrand(c *column) bool {
	brand := word{lower: "brand", stem: stem("brand")}
	return slices.ContainsFunc(c.parts, func(p word) bool { return d.alike(p, brand) >= 0.8 })
}
