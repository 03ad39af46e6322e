package scope

import (
	"strings"
	"testing"

	"github.com/septet-ml/septet/handoff"
)

// TestSharedSets asks of each shared data set in words that a person might
// use. The right column is found, or there is a question with it among the
// options; a wrong one is never taken.
func TestSharedSets(t *testing.T) {
	for _, test := range []struct{ file, request, want string }{
		{"ibm_telco_churn", "predict churn", "binary Churn=Yes for [customerID]"},
		{"ibm_telco_churn", "Train a churn model for fiber optic customers", "binary Churn=Yes for [customerID] if ibm_telco_churn.InternetService = Fiber optic"},
		{"mlc_churn", "which customers will churn?", "binary churn=yes"},
		{"azure_catelco_churn", "predict customer churn", "binary churn=1 for [customerid]"},
		{"ibm_hr_attrition", "which employees will leave", "binary Attrition=Yes for [EmployeeNumber]"},
		{"hotel_bookings", "which bookings will be cancelled", "binary is_canceled=1"},
		{"online_shoppers_intention", "Which customers will buy (revenue)?", "binary Revenue=TRUE"},
		{"online_shoppers_intention", "predict which visitors will purchase", "binary Revenue=TRUE"},
		{"adult", "predict who earns more than 50K", "binary class=>50K"},
		{"adult", "predict income", "ask target (class)"},
		{"bank_marketing", "which clients will subscribe a term deposit, without duration", "binary deposit=yes"},
		{"bank_additional_full", "predict who will subscribe", "binary y=yes"},
		{"credit_g", "predict bad credit risks", "binary class=bad"},
		{"spambase", "detect spam", "binary class=1"},
		{"magic_telescope", "classify gamma rays", "binary Class=g"},
		{"mushroom", "which mushrooms are poisonous", "binary class=p"},
		{"breast_w", "is the tumour malignant?", "binary Class=malignant"},
		{"sick", "which patients are sick", "ask target (Class)"},
		{"higgs_sample", "tell higgs signal from background", "binary label=1"},
		{"skin_segmentation", "detect skin pixels", "ask target (class)"},
		{"airlines_allyears2k", "which flights will arrive late", "binary IsArrDelayed=YES"},
		{"airlines_allyears2k", "predict flight delays", "ask target (IsDepDelayed)"},
		{"car", "predict the acceptability of a car", "multiclass class"},
		{"vehicle", "classify the vehicle type", "multiclass Class"},
		{"letter", "recognise letters", "multiclass class"},
		{"nursery", "predict the nursery recommendation", "multiclass class"},
		{"dry_bean", "classify bean varieties", "multiclass Class"},
		{"connect_4", "predict the outcome of the connect 4 game", "multiclass target"},
		{"cmc", "predict the contraceptive method", "multiclass Contraceptive_method_used"},
		{"wine_quality_white", "predict wine quality", "multiclass quality"},
		{"mfeat_factors", "recognise digits", "multiclass target"},
		{"satimage", "classify land cover in satellite images", "multiclass target"},
		{"eeg_eye_state", "predict the eye state", "binary eyeDetection=1"},
		{"abalone", "how many rings does an abalone have", "regression Class_Rings"},
		{"abalone", "predict the age of abalone", "ask target (Class_Rings)"},
		{"california_housing", "estimate house prices in California", "regression median_house_value"},
		{"diamonds", "estimate the price of diamonds", "regression price"},
		{"ames_housing", "predict the sale price of houses", "regression Sale_Price"},
		{"concrete", "predict the compressive strength of concrete", "regression strength"},
		{"energy_efficiency", "predict the heating load", "regression Heating Load"},
		{"ccpp_power", "predict electrical power output", "ask target (PE)"},
		{"ohlsson_motorcycle_claims", "predict claim cost", "ask target (skadkost)"},
		{"beijing_pm25", "forecast PM2.5 from the weather", "regression pm2.5"},
		{"pbs_australia_scripts", "predict the number of scripts", "regression Scripts"},
		{"vic_elec", "forecast electricity demand", "regression Demand"},
		{"part_d_drug_spending", "predict total spending per drug", "regression total_spending"},
		{"medicare_inpatient_drg_2016", "predict average total payments", "regression Average Total Payments for [Provider Id]"},
		{"online_retail", "which customers will stop buying in the next 90 days", "binary none_in_window of online_retail for [CustomerID]"},
		{
			"open_payments_iowa/", "Which physicians will stop receiving payments from a maker in the next two quarters?",
			"binary none_in_window of payments for [Physician_Profile_ID Applicable_Manufacturer_or_Applicable_GPO_Making_Payment_ID]",
		},
		{"complete_journey/", "which households will churn", "binary falls_below of transactions_sample for [household_id]"},
		{"complete_journey/", "will a household redeem a coupon in the next 30 days", "binary count_at_least of coupon_redemptions for [household_id]"},
		{"complete_journey/", "predict sales value per household over the next 4 weeks", "regression total of transactions_sample for [household_id]"},
		{"synthea27nj_omop/", "which patients will be readmitted within 30 days", "ask target"},
	} {
		name := test.file
		if !strings.HasSuffix(name, "/") {
			name += ".csv.gz"
		}
		f := shared(t, name)
		got := outcome(handoff.Brief{Request: test.request}, f)
		if got != test.want {
			t.Errorf("%s: %s\n\tgot  %s\n\twant %s", test.file, test.request, got, test.want)
		}
		if r, err := define(handoff.Brief{Request: test.request}, f); err == nil {
			for _, fault := range r.scope.Check() {
				t.Errorf("%s: %s: %+v", test.file, test.request, fault)
			}
		}
	}
}
