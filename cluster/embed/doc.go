// Package embed is a cluster that needs no set-up: a NATS server in the program itself.
package embed
