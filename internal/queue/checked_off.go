//go:build !race

package queue

const checked = false
