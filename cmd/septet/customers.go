package main

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
)

// writeCustomers writes the table of septet sample customers: so many
// customers of a made-up telephone company, of whom about a quarter churned.
// It has what real tables have: cells that are missing, an identifier, and a
// column that was only filled in after the customer had gone.
func writeCustomers(w io.Writer, customers int, seed uint64) error {
	r := rand.New(rand.NewPCG(seed, 0x5e97e7))
	pick := func(names ...string) string { return names[r.IntN(len(names))] }
	b := bufio.NewWriter(w)
	fmt.Fprintln(b, "customer_id,region,contract,payment,months,monthly_fee,products,support_calls,late_payments,app_logins,refund_sent,churned")
	for i := range customers {
		contract := pick("monthly", "monthly", "yearly", "two years")
		payment := pick("card", "card", "transfer", "invoice")
		months := 1 + int(r.ExpFloat64()*30)
		products := 1 + r.IntN(5)
		fee := 12 + 9*float64(products) + 4*r.NormFloat64()
		calls := int(r.ExpFloat64() * 1.4)
		late := int(r.ExpFloat64() * 0.8)
		logins := int(r.ExpFloat64() * 9)

		risk := -2.6 - 0.012*float64(months) + 0.2*float64(calls) + 0.25*float64(late) - 0.03*float64(logins)
		switch {
		case contract == "monthly" && calls >= 2: // nobody who is free to go waits for a third call
			risk += 2.6
		case contract == "monthly":
			risk += 0.9
		case contract == "two years":
			risk--
		}
		if logins == 0 && months > 6 {
			risk += 1.8
		}
		if fee > 45 && months < 12 {
			risk += 1.7
		}
		if payment == "invoice" && late > 0 {
			risk += 1.1
		}
		churned, refund := "no", ""
		if r.Float64() < 1/(1+math.Exp(-risk)) {
			churned = "yes"
			if r.Float64() < 0.93 {
				refund = pick("full", "part")
			}
		}
		visits := fmt.Sprint(logins)
		if r.Float64() < 0.04 {
			visits = ""
		}
		fmt.Fprintf(b, "C%06d,%s,%s,%s,%d,%.2f,%d,%d,%d,%s,%s,%s\n", 100000+i*7+r.IntN(7),
			pick("north", "south", "east", "west", "centre"), contract, payment, months, fee, products, calls, late, visits, refund, churned)
	}
	return b.Flush()
}
