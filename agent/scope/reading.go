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
	w := walk{reading: r}
	for i := range r.words {
		switch word := &r.words[i]; {
		case word.taken:
		case word.sign:
			w.sign(i)
		case word.quoted > 0:
			w.quoted(i)
		case w.begins(i), w.ends(i), stops[word.lower]:
		default:
			word.role = w.state
			w.spoken = w.spoken || w.state == object && !nounStems[word.stem]
		}
	}
	r.fallBack(w.counted)
	r.kind()
}

// walk is how far the words of a request have been given roles.
type walk struct {
	*reading
	state   role // of the words that come next
	spoken  bool // an object word was seen
	counted bool // behind "how many"
}

// sign lets a full stop end what was said before, and a comma what is left out.
func (w *walk) sign(i int) {
	text := w.words[i].text
	inner := w.words[i].joined && i+1 < len(w.words) && w.words[i+1].joined
	if w.state == aside && i+1 < len(w.words) && (predicts[w.words[i+1].lower] || build[w.words[i+1].lower]) {
		w.state = nothing // "without age, predict ..."
	}
	if !inner && (text == "." || text == ";" || text == ":") && w.spoken && w.state != nothing {
		w.state = tail
	}
}

// quoted takes a quoted word for the object, unless something else is spoken
// of.
func (w *walk) quoted(i int) {
	w.words[i].role = max(w.state, tail)
	if w.state == nothing || w.state == object {
		w.words[i].role = object
		w.spoken = true
	}
}

// begins tells whether word i begins what is asked for: "predict", "how many",
// "which", "build".
func (w *walk) begins(i int) bool {
	switch word := &w.words[i]; {
	case chances[word.lower] && (w.before(i, "of") || w.before(i, "to") || w.before(i, "that") || w.before(i, "for")):
		w.demote()
		w.state, w.spoken = object, false
	case w.howMany(i):
		w.quantity, w.counted = true, true
		w.state, w.spoken = object, false
	case w.counted && w.state == object && w.words[i-1].role == object && auxiliary[word.lower]:
		w.state = subject // "how many calls does a customer make"
	case word.lower == "which" || word.lower == "what" || word.lower == "whether" || word.lower == "who" || word.lower == "if" || word.lower == "that" && w.state == object && !w.spoken:
		w.ask(i)
		w.state, w.spoken = w.afterWhich(i), false
	case predicts[word.lower] && !w.spoken && w.state != tail && w.state != aside && !(models[word.lower] && w.behindBuild(i)) && !w.determined(i, w.state):
		w.sorting = w.sorting || sorting[word.lower]
		w.state = object
	case build[word.lower] && w.state == nothing:
		w.state = subject // until the noun "model" says what the words before it were
	default:
		return false
	}
	return true
}

// ends tells whether word i ends what was spoken of so far: "model", "will",
// "using", "for".
func (w *walk) ends(i int) bool {
	switch word := &w.words[i]; {
	case models[word.lower] && (w.state == subject || w.state == object || w.state == nothing) && !(w.determined(i, w.state) && !w.spoken):
		if w.state != object {
			w.spoken = w.promote(i) || w.spoken
		}
		if w.state != object || w.spoken {
			w.state = nothing
		}
	case w.state == subject && auxiliary[word.lower]:
		w.state = object
	case (word.lower == "by" || word.lower == "into") && w.state == object && w.classifies(i):
		w.demote() // "classify passengers by class"
		w.spoken = false
	case asideWords[word.lower], word.lower == "use" && i > 0 && (w.words[i-1].lower == "not" || w.words[i-1].lower == "don't" || w.words[i-1].lower == "never"):
		w.state = aside
	case tailWords[word.lower] && (w.spoken || w.state != object):
		w.state = tail
	case wrappers[word.lower] && w.state == object && !w.spoken && w.before(i, "of"):
		w.quantity = w.quantity || quantity[word.lower]
	default:
		return false
	}
	return true
}

// kind settles from the object's words whether a number or a class is asked
// for.
func (r *reading) kind() {
	named := false
	for _, w := range r.words {
		if w.role != object {
			continue
		}
		named = named || quantity[w.lower]
		r.sorting = r.sorting || sorting[w.lower]
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
