package pl_test

import (
	"context"
	"fmt"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/thread"
)

// The payments of an account are applied in their order, one at a time, those of other accounts
// beside them. So the balances need no lock of their own beyond the map's.
func ExampleByKey() {
	type payment struct {
		account string
		cents   int
	}
	balances := map[string]*int{"Ann": new(int), "Bob": new(int)} // a map that is only read
	apply := func(_ context.Context, p payment) error {
		balance := balances[p.account]
		if *balance+p.cents >= 0 { // this depends on what came before
			*balance += p.cents
		}
		return nil
	}
	payments := pl.From(
		payment{"Ann", 500}, payment{"Bob", -100}, payment{"Ann", -300}, payment{"Bob", 200}, payment{"Ann", -300})
	account := func(p payment) string { return p.account }
	err := thread.Each(apply, pl.Workers(4), pl.ByKey(account))(payments).Run(context.Background())
	fmt.Println(*balances["Ann"], *balances["Bob"], err)
	// Output: 200 200 <nil>
}

// However large the files, at most 64 MB of them are in memory at a time.
func ExampleMaxWeight() {
	size := func(file []byte) int64 { return int64(len(file)) }
	count := func(_ context.Context, file []byte) (int, error) { return len(file), nil }
	sizes := thread.Map(count, pl.Workers(8), pl.MaxWeight(64<<20, size))(pl.From(make([]byte, 10), make([]byte, 20)))
	sum, err := pl.Reduce(context.Background(), sizes, 0, func(sum, n int) (int, error) { return sum + n, nil })
	fmt.Println(sum, err)
	// Output: 30 <nil>
}
