//go:build js || wasip1

package files

// nonblock is nothing: there are no named pipes.
const nonblock = 0
