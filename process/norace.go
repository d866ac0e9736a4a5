//go:build !race

package process

func raceEnvironment() []string { return nil }
