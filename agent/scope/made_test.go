package scope

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/septet-ml/septet/handoff"
)

// col is a column of a made table.
type col struct {
	name string
	cell func(r *rand.Rand, row int) string
}

// one of the values, each as likely; write a value twice to make it more so.
func one(name string, values ...string) col {
	return col{name, func(r *rand.Rand, _ int) string { return values[r.IntN(len(values))] }}
}

func whole(name string, low, high int) col {
	return col{name, func(r *rand.Rand, _ int) string { return fmt.Sprint(low + r.IntN(high-low+1)) }}
}

func amount(name string, low, high float64) col {
	return col{name, func(r *rand.Rand, _ int) string { return fmt.Sprintf("%.2f", low+r.Float64()*(high-low)) }}
}

// key is another value in every row, in no order; many comes again.
func key(name, format string) col {
	return col{name, func(_ *rand.Rand, row int) string { return fmt.Sprintf(format, 10000+row*7919%9973) }}
}

func many(name, format string, entities int) col {
	return col{name, func(r *rand.Rand, _ int) string { return fmt.Sprintf(format, 100+r.IntN(entities)) }}
}

func count(name string) col {
	return col{name, func(_ *rand.Rand, row int) string { return fmt.Sprint(row + 1) }}
}

func days(name, first string, n int) col {
	start, _ := time.Parse(time.DateOnly, first)
	return col{name, func(r *rand.Rand, _ int) string { return start.AddDate(0, 0, r.IntN(n)).Format(time.DateOnly) }}
}

// rare is yes once in n rows.
func rare(name, yes, no string, n int) col {
	return col{name, func(_ *rand.Rand, row int) string {
		if row*13%n == 0 {
			return yes
		}
		return no
	}}
}

// write makes a table file of so many rows in a folder. Columns do not depend
// on one another.
func write(t testing.TB, folder, name string, rows int, columns ...col) {
	t.Helper()
	var b strings.Builder
	sources := make([]*rand.Rand, len(columns))
	for i, c := range columns {
		h := fnv.New64a()
		h.Write([]byte(c.name))
		sources[i] = rand.New(rand.NewPCG(h.Sum64(), uint64(i)))
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(c.name)
	}
	for row := range rows {
		for i, c := range columns {
			b.WriteByte("\n,"[min(i, 1)])
			b.WriteString(c.cell(sources[i], row))
		}
	}
	if err := os.WriteFile(filepath.Join(folder, name+".csv"), []byte(b.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// made is the catalog of one made table of 1,000 rows.
func made(t testing.TB, name string, columns ...col) facts {
	t.Helper()
	return madeOf(t, func(folder string) { write(t, folder, name, 1000, columns...) })
}

func madeOf(t testing.TB, fill func(folder string)) facts {
	t.Helper()
	folder := t.TempDir()
	fill(folder)
	f, err := gather(t.Context(), []string{folder}, 1)
	if err != nil {
		t.Fatal(err)
	}
	return *f
}

// tables are made tables such as businesses have.
func tables(t testing.TB) map[string]facts {
	return map[string]facts{
		"bank": made(t, "bank", count("RowNumber"), key("CustomerId", "156%d"), whole("CreditScore", 350, 850), one("Geography", "France", "France", "Spain", "Germany"),
			one("Gender", "Male", "Female"), whole("Age", 18, 90), whole("Tenure", 0, 10), amount("Balance", 0, 200000), whole("NumOfProducts", 1, 4),
			whole("HasCrCard", 0, 1), whole("IsActiveMember", 0, 1), amount("EstimatedSalary", 100, 199999), rare("Exited", "1", "0", 5)),
		"cards": made(t, "cards", key("CLIENTNUM", "7%d"), rare("Attrition_Flag", "Attrited Customer", "Existing Customer", 6), whole("Customer_Age", 26, 73),
			one("Income_Category", "$60K - $80K", "Less than $40K", "$120K +"), amount("Credit_Limit", 1400, 34000)),
		"loans": made(t, "loans", key("loan_id", "L%d"), whole("loan_amnt", 1000, 40000), one("term", "36 months", "60 months"), amount("int_rate", 5, 30),
			one("grade", "A", "B", "C", "D", "E", "F", "G"), amount("annual_inc", 10000, 200000), days("issue_d", "2023-01-01", 700), one("addr_state", "CA", "NY", "TX"),
			rare("loan_status", "Charged Off", "Fully Paid", 5)),
		"titanic": made(t, "titanic", count("PassengerId"), rare("Survived", "1", "0", 3), whole("Pclass", 1, 3), one("Sex", "male", "female"), whole("Age", 1, 80), amount("Fare", 5, 500)),
		"stays": made(t, "stays", key("encounter_id", "1%d"), many("patient_nbr", "5%d", 400), one("race", "A", "B"), whole("time_in_hospital", 1, 14), whole("num_medications", 1, 60),
			one("readmitted", "NO", "NO", ">30", "<30")),
		"costs": made(t, "costs", whole("age", 18, 64), one("sex", "male", "female"), amount("bmi", 16, 50), one("smoker", "yes", "no", "no"), amount("charges", 1100, 60000)),
		"fraud": made(t, "fraud", one("type", "PAYMENT", "TRANSFER"), amount("amount", 1, 1e6), rare("isFraud", "1", "0", 20), rare("isFlaggedFraud", "1", "0", 50)),
		"shops": made(t, "shops", whole("Store", 1, 45), days("Date", "2022-01-01", 1000), amount("Weekly_Sales", 2e5, 4e6), whole("Holiday_Flag", 0, 1), amount("Fuel_Price", 2, 5)),
		"mail": made(t, "mail", key("ID", "%d"), whole("Income", 10000, 100000), days("Dt_Customer", "2022-01-01", 700), rare("AcceptedCmp1", "1", "0", 16),
			rare("AcceptedCmp2", "1", "0", 17), rare("Complain", "1", "0", 12), one("Z_CostContact", "3"), rare("Response", "1", "0", 7)),
		"leads": made(t, "leads", key("lead_id", "%d"), days("created_at", "2023-01-01", 600), one("country", "Germany", "France", "Poland"), whole("company_size", 1, 5000),
			one("demo_requested", "true", "false"), rare("converted", "true", "false", 5), amount("revenue", 0, 9000)),
		"staff": made(t, "staff", amount("satisfaction_level", 0, 1), whole("number_project", 2, 7), rare("left", "1", "0", 4), rare("promotion_last_5years", "1", "0", 20),
			one("salary", "low", "medium", "high")),
		"subs": made(t, "subs", key("customer_id", "S%d"), days("signup_date", "2022-01-01", 700), one("plan", "free", "pro", "team"), amount("monthly_spend", 0, 300),
			rare("churned", "True", "False", 5), days("churn_date", "2024-01-01", 300), one("churn_reason", "price", "quality", "")),
		"heart":    made(t, "heart", whole("age", 29, 77), whole("sex", 0, 1), whole("chol", 126, 564), one("target", "0", "1")),
		"risk":     made(t, "risk", key("customer_id", "x%d"), one("membership_category", "Gold", "Silver"), amount("avg_time_spent", 0, 900), whole("churn_risk_score", 1, 5)),
		"hcp":      made(t, "hcp", key("npi", "10000%d"), one("specialty", "Oncology", "Cardiology"), one("region", "North", "South"), one("brand", "Kisqali", "Entresto", "Cosentyx"), whole("rx_90d", 0, 40), rare("lapsed", "Y", "N", 3)),
		"survey":   made(t, "survey", count("respondent_id"), whole("age", 18, 80), whole("score", 0, 10), one("channel", "app", "web")),
		"machines": made(t, "machines", count("UDI"), key("Product ID", "M%d"), one("Type", "L", "M", "H"), amount("Torque [Nm]", 3, 77), rare("Machine failure", "1", "0", 12), rare("TWF", "1", "0", 40)),
		"houses":   made(t, "houses", count("Id"), whole("LotArea", 1300, 21000), one("Neighborhood", "Oldtown", "Newtown"), whole("YrSold", 2006, 2010), whole("SalePrice", 34900, 755000)),
		"visits":   made(t, "visits", many("customer_id", "C%d", 250), whole("month_no", 1, 12), amount("spend", 0, 99), rare("churn", "1", "0", 9)),
	}
}

// TestMadeTables asks of made tables in many wordings. want is as outcome
// writes it.
func TestMadeTables(t *testing.T) {
	all := tables(t)
	for _, test := range []struct{ table, request, want string }{
		{"bank", "Predict customer churn", "binary Exited=1 for [CustomerId]"},
		{"bank", "Please tell me which customers will leave the bank", "binary Exited=1 for [CustomerId]"},
		{"bank", "I'd like a churn model", "binary Exited=1 for [CustomerId]"},
		{"bank", "churn model without gender and geography", "binary Exited=1 for [CustomerId]"},
		{"bank", "churn model using only age, balance and credit score", "binary Exited=1 for [CustomerId]"},
		{"bank", "which customers stay", "binary Exited=0 for [CustomerId]"},
		{"bank", "predict estimated salary", "regression EstimatedSalary for [CustomerId]"},
		{"bank", "predict the CreditScore", "regression CreditScore for [CustomerId]"},
		{"bank", "is the customer active", "binary IsActiveMember=1 for [CustomerId]"},
		{
			"bank", "churn of customers in France with balance over 50000 and at least 2 products, at least 300 rows",
			"binary Exited=1 for [CustomerId] if bank.NumOfProducts >= 2 if bank.Balance > 50000 if bank.Geography = France",
		},
		{"bank", "churn of customers over 40", "binary Exited=1 for [CustomerId] if bank.Age > 40"},
		{"bank", "churn of customers in France and Spain", "binary Exited=1 for [CustomerId] if bank.Geography in France,Spain"},
		{"bank", "predict churn excluding customers in France, at least 300 rows", "binary Exited=1 for [CustomerId] if bank.Geography != France"},
		{"bank", "predict churn but do not use Gendr", "binary Exited=1 for [CustomerId]"},
		{"bank", "predict churn but do not use the zip code", "scope.no_column: "},
		{"loans", "default of loans in CA, at least 200 rows", "binary loan_status=Charged Off for [loan_id] if loans.addr_state = CA"},
		{"bank", "hello", "ask target (Exited)"},
		{"bank", "", "ask target (Exited)"},
		{"cards", "predict attrition", "binary Attrition_Flag=Attrited Customer for [CLIENTNUM]"},
		{"cards", "churn of credit card customers", "binary Attrition_Flag=Attrited Customer for [CLIENTNUM]"},
		{"loans", "predict loan default", "binary loan_status=Charged Off for [loan_id]"},
		{"loans", "which loans will be charged off", "binary loan_status=Charged Off for [loan_id]"},
		{"loans", "which loans will be fully paid", "binary loan_status=Fully Paid for [loan_id]"},
		{"loans", "predict the interest rate", "regression int_rate for [loan_id]"},
		{"loans", "predict the grade", "multiclass grade for [loan_id]"},
		{"loans", "default of loans before 2024-06-01", "binary loan_status=Charged Off for [loan_id] if loans.issue_d < 2024-06-01"},
		{"loans", "default of loans in 2023, minimum 300 rows", "binary loan_status=Charged Off for [loan_id] if loans.issue_d >= 2023-01-01 if loans.issue_d < 2024-01-01"},
		{"titanic", "Predict who survives the Titanic", "binary Survived=1 for [PassengerId]"},
		{"titanic", "who died?", "binary Survived=0 for [PassengerId]"},
		{"stays", "predict readmission", "multiclass readmitted for [encounter_id]"},
		{"stays", "predict 30-day readmission of patients", "binary readmitted=<30 for [patient_nbr]"},
		{"costs", "predict medical costs", "regression charges"},
		{"costs", "How much will a policyholder cost us?", "regression charges"},
		{"costs", "who smokes", "binary smoker=yes"},
		{"fraud", "Detect fraudulent transactions", "binary isFraud=1"},
		{"shops", "forecast weekly sales per store", "regression Weekly_Sales"},
		{"shops", "forecast weekly sales on data until 30 June 2024", "regression Weekly_Sales if shops.Date < 2024-07-01"},
		{"mail", "who will respond", "binary Response=1 for [ID]"},
		{"mail", "likelihood of accepting the first campaign", "ask target (Response)"},
		{"leads", "which leads will convert", "binary converted=true for [lead_id]"},
		{"leads", "predict lead revenue", "regression revenue for [lead_id]"},
		{"leads", "conversion of leads in Italy", "ask filter"},
		{"leads", "conversion of leads in Germanny", "ask filter (leads.country=Germany)"},
		{"leads", "conversion of leads as of 03/04/2024", "ask as_of (2024-03-04)"},
		{"staff", "which employees will leave", "binary left=1"},
		{"staff", "predict salary", "multiclass salary"},
		{"subs", "Which users are at risk of cancelling their subscription?", "binary churned=True for [customer_id]"},
		{"subs", "predict customer retention", "binary churned=False for [customer_id]"},
		{"subs", "predict monthly spend", "regression monthly_spend for [customer_id]"},
		{"heart", "predict heart disease", "binary target=1"},
		{"heart", "predict cholesterol", "regression chol"},
		{"risk", "predict churn risk score", "multiclass churn_risk_score for [customer_id]"},
		{"risk", "how high is the churn risk score, by RMSE", "regression churn_risk_score for [customer_id]"},
		{"hcp", "Train churn prediction model for Kisqali HCPs", "data.too_few: "},
		{"hcp", "which physicians will lapse on Kisqali, at least 100 rows", "binary lapsed=Y for [npi] if hcp.brand = Kisqali"},
		{"hcp", "Score physicians by their propensity to lapse", "binary lapsed=Y for [npi]"},
		{"survey", "predict the score", "regression score for [respondent_id]"},
		{"machines", "will the machine break down?", "binary Machine failure=1 for [Product ID]"},
		{"houses", "predict house prices", "regression SalePrice for [Id]"},
		{"houses", "estimate what a house sells for", "ask target"},
		{"visits", "predict churn", "binary churn=1 for [customer_id]"},
	} {
		f, ok := all[test.table]
		if !ok {
			t.Fatalf("no table %s", test.table)
		}
		got := outcome(handoff.Brief{Request: test.request}, f)
		if got != test.want && !(strings.HasSuffix(test.want, ": ") && strings.HasPrefix(got, test.want)) {
			t.Errorf("%s: %s\n\tgot  %s\n\twant %s", test.table, test.request, got, test.want)
		}
	}
}
