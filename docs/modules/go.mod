module github.com/gopeln/pl/docs/modules

go 1.26.0

replace github.com/gopeln/pl => ../..

require (
	github.com/failsafe-go/failsafe-go v0.9.7
	github.com/gopeln/pl v0.0.0-00010101000000-000000000000
)

require github.com/bits-and-blooms/bitset v1.24.4 // indirect
