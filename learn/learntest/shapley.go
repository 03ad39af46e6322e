package learntest

import (
	"math"
	"math/bits"
)

// Shapley is the value of each player of a game by the definition: the mean
// over all orders of what the player's coming adds. worth has one entry for
// each set of players, numbered by its bits; 2 to the power of players.
func Shapley(worth []float64) []float64 {
	factorial := func(n int) float64 { return math.Gamma(float64(n) + 1) }
	players := bits.Len(uint(len(worth))) - 1
	out := make([]float64, players)
	for j := range out {
		for set := range worth {
			if n := bits.OnesCount(uint(set)); set>>j&1 == 0 {
				out[j] += float64(factorial(n) * factorial(players-n-1) / factorial(players) * (worth[set|1<<j] - worth[set]))
			}
		}
	}
	return out
}
