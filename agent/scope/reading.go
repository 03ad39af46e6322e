package scope

import (
	"slices"
	"strings"
)

// role is what a word of the request does.
type role uint8

const (
	nothing role = iota // a filler, a verb of asking, or a word that a clause took
	object              // names what is predicted
	subject             // names whose answer it is
	tail                // says more about whose answer it is: "for ...", "in ..."
	aside               // names inputs or means: "using ..."
)

// reading is a request after its words were given roles.
type reading struct {
	text  string
	words []word
	said  said

	quantity bool // asks for a number: "how much", "price"
	sorting  bool // asks for a class: "which", "whether", "classify"
	whether  bool // asks whether something happens
}

// read gives the words of a request their clauses and roles.
func read(request string) *reading {
	r := &reading{text: request, words: split(request)}
	r.said = listen(request, r.words)
	for i := range r.words {
		bar := ""
		if end, ok := longest(bars, r.words, i, &bar); ok && end < len(r.words) && strings.ContainsAny(r.words[end].text, "0123456789") {
			r.words[end].bar = bar
		}
	}
	r.roles()
	return r
}

// roles walks through the words once. What is predicted stands behind
// "predict", behind "which customers will", behind "how many", or before
// "model"; a preposition ends it. Where nothing of this is said, every word
// is taken to name it.
func (r *reading) roles() {
	state := nothing
	spoken := false  // an object word was seen
	counted := false // behind "how many"
	for i := range r.words {
		w := &r.words[i]
		if w.taken {
			continue
		}
		switch {
		case w.sign:
			inner := w.joined && i+1 < len(r.words) && r.words[i+1].joined
			if state == aside && i+1 < len(r.words) && (predicts[r.words[i+1].lower] || build[r.words[i+1].lower]) {
				state = nothing // "without age, predict ..."
			}
			if !inner && (w.text == "." || w.text == ";" || w.text == ":") && spoken && state != nothing {
				state = tail
			}
			continue
		case w.quoted > 0:
			w.role = max(state, tail)
			if state == nothing || state == object {
				w.role = object
				spoken = true
			}
			continue
		case chances[w.lower] && (r.before(i, "of") || r.before(i, "to") || r.before(i, "that") || r.before(i, "for")):
			r.demote()
			state, spoken = object, false
			continue
		case r.howMany(i):
			r.quantity, counted = true, true
			state, spoken = object, false
			continue
		case counted && state == object && r.words[i-1].role == object && auxiliary[w.lower]:
			state = subject // "how many calls does a customer make"
			continue
		case w.lower == "which" || w.lower == "what" || w.lower == "whether" || w.lower == "who" || w.lower == "if" || w.lower == "that" && state == object && !spoken:
			r.ask(i)
			state, spoken = r.afterWhich(i), false
			continue
		case predicts[w.lower] && !spoken && state != tail && state != aside && !(models[w.lower] && r.behindBuild(i)) && !r.determined(i, state):
			r.sorting = r.sorting || sorting[w.lower]
			state = object
			continue
		case build[w.lower] && state == nothing:
			state = subject // until the noun "model" says what the words before it were
			continue
		case models[w.lower] && (state == subject || state == object || state == nothing) && !(r.determined(i, state) && !spoken):
			if state != object {
				spoken = r.promote(i) || spoken
			}
			if state != object || spoken {
				state = nothing
			}
			continue
		case state == subject && auxiliary[w.lower]:
			state = object
			continue
		case (w.lower == "by" || w.lower == "into") && state == object && r.classifies(i):
			r.demote() // "classify passengers by class"
			spoken = false
			continue
		case asideWords[w.lower], w.lower == "use" && i > 0 && (r.words[i-1].lower == "not" || r.words[i-1].lower == "don't" || r.words[i-1].lower == "never"):
			state = aside
			continue
		case tailWords[w.lower] && (spoken || state != object):
			state = tail
			continue
		case wrappers[w.lower] && state == object && !spoken && r.before(i, "of"):
			r.quantity = r.quantity || quantity[w.lower]
			continue
		case stops[w.lower]:
			continue
		}
		w.role = state
		spoken = spoken || state == object && !nounStems[w.stem]
	}
	r.fallBack(counted)
	named := false
	for _, w := range r.words {
		if w.role == object {
			named = named || quantity[w.lower]
			r.sorting = r.sorting || sorting[w.lower]
		}
	}
	r.sorting = r.sorting || r.whether
	r.quantity = r.quantity || named && !r.sorting
}

// chances are nouns behind which stands what is predicted, wherever they are.
var chances = words("probability probabilities likelihood chance chances risk propensity odds")

// demote takes the role of the object from the words that had it so far:
// "score customers by their propensity to buy" is about buying.
func (r *reading) demote() {
	for i := range r.words {
		if r.words[i].role == object {
			r.words[i].role = subject
		}
	}
}

var auxiliary = words("will would can could may might is are was were be has have had do does did going to likely about should must at shall")

var nounStems = stems(nouns)

// howMany tells whether word i is the "many" or "much" of "how many".
func (r *reading) howMany(i int) bool {
	w := r.words[i].lower
	return (w == "many" || w == "much" || w == "long" || w == "high" || w == "large") && i > 0 && r.words[i-1].lower == "how"
}

// ask notes what kind of answer "which" and "whether" want.
func (r *reading) ask(i int) {
	switch r.words[i].lower {
	case "whether", "if", "who":
		r.whether = true
	case "which":
		r.sorting = true
	}
}

// afterWhich is the role of the words behind "which" or "whether": the
// subject, if an auxiliary verb or a noun of a unit follows ("which customers
// will", "who buys"), else the object ("which quality").
func (r *reading) afterWhich(i int) role {
	for j := i + 1; j < len(r.words) && j < i+8; j++ {
		switch w := r.words[j]; {
		case w.taken:
			continue
		case auxiliary[w.lower]:
			return subject
		case nounStems[w.stem]:
			return subject
		case w.sign && w.text != "-":
			return object
		}
	}
	return object
}

// determined tells whether word i is the noun behind "predict the": the
// score, the rank.
func (r *reading) determined(i int, state role) bool {
	return state == object && i > 1 && (r.words[i-1].lower == "the" || r.words[i-1].lower == "a" || r.words[i-1].lower == "their")
}

// classifies tells whether a verb of sorting stands before word i.
func (r *reading) classifies(i int) bool {
	return slices.ContainsFunc(r.words[:i], func(w word) bool { return predicts[w.lower] && sorting[w.lower] })
}

// behindBuild tells whether a verb of building stands before word i.
func (r *reading) behindBuild(i int) bool {
	for j := range i {
		if build[r.words[j].lower] || r.words[j].lower == "need" || r.words[j].lower == "want" {
			return true
		}
	}
	return false
}

// before tells whether the next word is lower.
func (r *reading) before(i int, lower string) bool {
	return i+1 < len(r.words) && r.words[i+1].lower == lower
}

// promote makes the words right before "model" the object: "churn prediction
// model", "a churn model".
func (r *reading) promote(i int) bool {
	found := false
	for j := i - 1; j >= 0; j-- {
		w := &r.words[j]
		if w.taken || w.sign && w.text != "-" && w.text != "_" && w.text != "," || build[w.lower] || predicts[w.lower] && !models[w.lower] || tailWords[w.lower] {
			break
		}
		if stops[w.lower] || models[w.lower] || w.sign || w.role == tail {
			continue
		}
		w.role = object
		found = true
	}
	return found
}

// fallBack makes every word that names something the object if no word is:
// first those of the subject, then those behind prepositions. A noun of a unit
// is one only if it is counted: "how many calls".
func (r *reading) fallBack(counted bool) {
	for _, from := range [][]role{{object}, {subject, nothing}, {tail}} {
		found := false
		for i := range r.words {
			w := &r.words[i]
			r.quantity = r.quantity || !w.taken && wrappers[w.lower] && quantity[w.lower]
			if w.taken || w.sign || stops[w.lower] || build[w.lower] || from[0] != object && (predicts[w.lower] || models[w.lower] || wrappers[w.lower]) {
				continue
			}
			for _, role := range from {
				if w.role == role {
					w.role = object
					found = found || counted || !nounStems[w.stem]
				}
			}
		}
		if found {
			return
		}
	}
}

// with gives the words that have one of the roles, in order.
func (r *reading) with(roles ...role) []word {
	var out []word
	for _, w := range r.words {
		for _, role := range roles {
			if w.role == role && !w.taken && !w.sign {
				out = append(out, w)
			}
		}
	}
	return out
}
