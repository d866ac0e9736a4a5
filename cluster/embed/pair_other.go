//go:build !unix

package embed

import (
	"errors"
	"net"
	"os"
)

// socketPair fails: this system has none that a child could inherit.
func socketPair() (ours net.Conn, theirs *os.File, err error) {
	return nil, nil, errors.New("local workers need a Unix system; start the workers yourself, with Listen here and Cluster.Serve there")
}
