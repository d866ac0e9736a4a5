//go:build race

package process_test

const raceBuild = true
