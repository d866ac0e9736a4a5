// Package cluster runs a stage's workers on any number of machines.
package cluster
