package scope

// The words that the scope definer knows: general English and business
// English, no names of any data set. docs/scope-grammar.md explains them.

// irregular are stems that Snowball does not bring together.
var irregular = map[string]string{
	"left": "leav", "leaves": "leav", "leave": "leav", "leaver": "leav", "leavers": "leav", "leaving": "leav",
	"lost": "lose", "loses": "lose", "losing": "lose", "loss": "loss",
	"bought": "buy", "buys": "buy",
	"paid": "pay", "sold": "sell", "spent": "spend", "spending": "spend", "spends": "spend",
	"died": "die", "dies": "die", "dying": "die", "deaths": "death",
	"people": "person", "persons": "person", "children": "child", "men": "man", "women": "woman",
	"staff": "employe", "employees": "employe", "employee": "employe",
	"diagnosis": "diagnos", "diagnoses": "diagnos", "diagnosed": "diagnos",
	"attrited": "attrit", "attrition": "attrit", "attrite": "attrit", "attrites": "attrit",
	"physicians": "physician", "physician": "physician", "physics": "physics",
	"subscription": "subscript", "subscribed": "subscrib", "data": "data",
	"readmission": "readmit", "readmissions": "readmit", "readmitted": "readmit", "readmits": "readmit",
	"defaulted": "default", "defaulter": "default", "defaulters": "default", "defaults": "default",
	"canceled": "cancel", "cancelled": "cancel", "cancels": "cancel", "canceling": "cancel", "cancelling": "cancel",
	"cancellation": "cancel", "cancellations": "cancel", "cancelation": "cancel",
	"hcps": "hcp", "churner": "churn", "churners": "churn", "churned": "churn",
	"delayed": "delay", "delays": "delay", "conversion": "convert", "conversions": "convert", "purchaser": "purchas", "purchasers": "purchas",
	"poisonous": "poison", "edible": "edibl", "retention": "retain", "survival": "surviv", "survivors": "surviv", "survivor": "surviv",
	"fraudulent": "fraud", "fraudsters": "fraud", "fraudster": "fraud",
}

var numerals = map[string]float64{
	"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
	"nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "half": 0.5,
}

// unitDays are lengths of time in days.
var unitDays = map[string]int{
	"day": 1, "days": 1, "week": 7, "weeks": 7, "fortnight": 14, "fortnights": 14, "month": 30, "months": 30,
	"quarter": 91, "quarters": 91, "year": 365, "years": 365,
}

// synonyms are words that stand for one another in a request and in names of
// columns. A word may be in several groups.
var synonyms = [][]string{
	// Outcomes.
	{"churn", "attrition", "leave", "leaver", "exit", "exited", "lapse", "lapsed", "quit", "resign", "resignation", "turnover", "defect", "defection", "attrit", "departure", "switch", "abandon"},
	{"churn", "cancel", "cancellation", "terminate", "termination", "unsubscribe"},
	{"default", "bad", "charged", "delinquent", "delinquency", "nonpayment", "bankrupt", "bankruptcy", "insolvency"},
	{"convert", "conversion", "purchase", "buy", "revenue", "order", "transaction"},
	{"subscribe", "subscription", "signup", "respond", "response", "accept", "acceptance", "convert", "conversion", "enroll", "enrol"},
	{"click", "clicked", "clickthrough"},
	{"fraud", "scam", "fraudster"},
	{"late", "delay", "delayed", "overdue"},
	{"readmit", "readmission", "rehospitalised", "rehospitalized"},
	{"die", "death", "dead", "mortality", "decease", "deceased"},
	{"survive", "survival", "survived", "alive"},
	{"sick", "ill", "disease", "diseased", "illness", "diagnosis", "condition"},
	{"fail", "failure", "break", "breakdown", "fault"},
	{"claim", "claims"},
	{"loan", "credit"},
	{"win", "winner", "outcome", "result"},
	{"approve", "approval", "accept", "grant"},
	// Amounts.
	{"price", "value", "cost", "worth"},
	{"cost", "charge", "expense", "payment", "fee", "expenditure"},
	{"spend", "spending", "expenditure", "sales"},
	{"income", "salary", "wage", "earnings", "earn", "pay", "compensation"},
	{"sales", "revenue", "turnover"},
	{"sale", "sell"},
	{"demand", "load", "consumption", "usage"},
	{"amount", "sum", "volume"},
	{"quality", "grade", "rating", "score"},
	{"type", "kind", "category", "class", "species", "variety", "sort"},
	// Who.
	{"customer", "client", "subscriber", "member", "shopper", "buyer", "account", "policyholder"},
	{"person", "people", "individual", "citizen", "respondent"},
	{"employee", "employe", "worker", "associate", "staff"},
	{"hcp", "hcps", "physician", "doctor", "prescriber", "clinician", "provider", "practitioner", "doc"},
	{"patient", "person"},
	{"maker", "manufacturer", "company", "firm", "vendor", "supplier", "sponsor", "making"},
	{"brand", "product", "drug", "medicine", "medication"},
	{"booking", "reservation"},
	{"house", "home", "property", "housing"},
	{"household", "family"},
	{"prescription", "rx", "script", "prescribe"},
	{"shop", "store"},
	{"car", "vehicle", "automobile"},
	{"flight", "trip"},
	{"region", "area", "territory"},
}

// nouns are what requests are about: units of analysis.
var nouns = []string{
	"customer", "client", "subscriber", "member", "user", "account", "household", "family", "patient", "person",
	"individual", "citizen", "employee", "worker", "hcp", "physician", "doctor", "prescriber", "provider",
	"clinician", "practitioner", "hospital", "clinic", "pharmacy", "booking", "reservation", "order", "transaction", "invoice",
	"policy", "policyholder", "loan", "borrower", "applicant", "application", "flight", "session", "visitor", "visit",
	"shopper", "lead", "prospect", "contact", "caller", "call", "product", "item", "store", "house", "home", "property",
	"building", "car", "vehicle", "machine", "device", "student", "player", "team", "donor", "passenger", "guest",
	"company", "maker", "manufacturer", "brand", "drug", "case", "event", "message", "email", "seller", "agent",
	"buyer", "respondent", "woman", "man", "child", "tenant", "merchant", "supplier", "vendor", "sample", "row", "record",
}

// leaving are the words of an entity that goes.
var leaving = []string{"churn", "attrition", "leave", "exit", "exited", "lapse", "quit", "resign", "turnover", "defect", "cancel", "terminate", "attrit"}

// opposites are pairs of groups of words. A request in words of the one group
// finds a column in words of the other, and the positive class turns round.
var opposites = [][2][]string{
	{leaving, {"stay", "retain", "retention", "remain", "renew", "renewal", "loyal"}},
	{{"die", "death", "dead", "mortality", "decease"}, {"survive", "survival", "alive"}},
	{{"fail", "failure"}, {"pass", "succeed", "success"}},
	{{"default", "bad", "delinquent"}, {"repay", "repaid"}},
}

// fillers say nothing about what a column holds.
var fillers = words("is are was were has had have will did do does flag ind indicator class target label col column field var variable yn used current the of in to for at by and or a an on")

// figures say how a column was summed up; they weigh half.
var figures = words("total average avg mean median sum max min count number num")

// changers turn a name into that of something about the thing: "churn_date",
// "churn_reason".
var changers = words("yr year month day date time hour week quarter reason code id name type method mode number no channel source desc description")

// stops are words of a request that name nothing.
var stops = words(`a an the this that these those of in on at by for from to into with and or as is are was were be been being
	it its their his her our your my we i you they them he she us who whom whose which what when where why how whether if
	will would can could may might shall should must do does did has have had not no yes so then than there here
	please want need like would let me make get give all any each every some most more less many much few own
	s t re ve ll am about going likely unlikely expected soon out up off over again also only just very too new
	fair fairly unbiased interpretable explainable transparent
	so based using use given them themselves across between per within during`)

// build are the verbs before a model that is to be made.
var build = words("train build create make develop fit produce construct design")

// predicts are the verbs before what is to be predicted.
var predicts = words(`predict predicts predicting predicted estimate estimates estimating forecast forecasts forecasting anticipate
	model models modelling modeling score scoring classify classifies classifying categorise categorize detect detects detecting
	identify identifies identifying find finds finding determine recognise recognize recognising flag spot know tell guess foresee
	rank ranks ranking diagnose separate distinguish discriminate explain`)

// models are the nouns behind what is to be predicted.
var models = words(`model models prediction predictions predictor classifier classifiers classification regression regressor forecast
	forecasts forecaster estimator estimation scoring score scores propensity detection detector propensities recognition estimate`)

// wrappers are nouns that stand before what is to be predicted and say nothing
// about it: "the probability of churn".
var wrappers = words(`probability probabilities likelihood chance chances risk propensity odds rate rates tendency outcome value values level levels
	amount number total status whether kind type category class label target variable column field quantity count size degree chance event`)

// asideWords begin words that are no part of what is predicted: inputs and
// means.
var asideWords = words("using based given with via through by without ignore ignoring exclude excluding omit omitting except disregard disregarding drop dropping")

// tailWords begin words that say whose answer is predicted, or which rows.
var tailWords = words("of for among in at from on per across where within inside under")

// quantity are words that ask for a number.
var quantity = words(`price cost value amount salary wage income revenue sales demand load consumption spend spending strength count
	number quantity volume weight height length duration temperature pressure output score age charge charges payment payments
	emission emissions yield concentration area distance power energy births deaths scripts minutes hours days`)

// sorting are words that ask for a class.
var sorting = words(`classify class classes classifying classification category categories categorise categorize kind type species variety
	which whether who recognise recognize detect label sort grade quality diagnose`)

// yes are values that mean that the thing happened; no are their opposites.
// The first groups are the surest.
var yes = words(`yes y true t 1 churn churned leave left leaver exited exit lapsed attrited cancel cancelled canceled default defaulted
	bad fraud fraudulent late delayed dead died death deceased sick ill positive malignant abnormal disease diseased fail failed
	failure buy bought purchase purchased converted accept accepted subscribed responded clicked won win approved readmitted
	spam poisonous high delinquent present signal case success closed terminated inactive charged`)

var no = words(`no n false f 0 stay stayed staying existing retained retain current good paid ontime normal negative healthy benign
	alive survived legit legitimate genuine ok pass passed absent none rejected background control low never active`)

// targets are names of columns that hold an answer, whatever it is; strong
// ones hardly ever mean anything else.
var (
	strongTargets = words("target label y outcome dependent groundtruth ytrue truth response targetvariable classlabel")
	weakTargets   = words("class result status category type group")
	statusWords   = words("status outcome result class label target flag")
)

// idWords end the names of keys.
var idWords = words("id ids key uid uuid guid number no nr nbr num identifier pk rownum rowid index rownames rowname row npi ssn")

// timeWords name the time that an event happened; laterWords something that
// happens afterwards or is no event of the row's own.
var (
	timeWords  = words("date time timestamp datetime day month period week at on when ts dt quarter year")
	laterWords = words(`birth birthday dob death end ended ending expiry expiration expires expire due close closed resolved resolution updated update
		modified modification changed change status outcome until valid cancel cancelled canceled exit churn left termination
		terminated discharge completed completion finish finished hire hired join joined signup registration registered enrolment
		enrollment onboarded since start founded built installed deleted last first renewal debut final reported processed loaded`)
)

// beginWords name the beginning of something, which is its time if there is an
// end, too.
var beginWords = words("start started begin from admission inicio beginn")

// proper are columns whose values are names that a request may use: a brand,
// a region, a segment.
var proper = words("brand product drug medicine region state country city segment territory market area district company manufacturer category channel specialty speciality department team store")

// known are words with a capital letter that are no names.
var known = words(`hcp hcps auc roc rmse mae mape ml ai csv crm kpi us uk eu id api llm automl septet january february march april may june july august september
	october november december jan feb mar apr jun jul aug sep sept oct nov dec monday tuesday wednesday thursday friday saturday sunday
	q1 q2 q3 q4 english`)
