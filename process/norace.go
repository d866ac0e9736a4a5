//go:build !race

package process

func raceEnvironment() []string { return nil }

// There is no detector.
const detector = "fatal error: "

func detectorReason([]byte) string { return "" }
