// Package crossing is what crosses from a program to the processes that run its functions, for the
// backends process and cluster: functions by their keys, values by codecs, and errors and the ends
// of contexts as what is left of them.
package crossing
