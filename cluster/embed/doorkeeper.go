package embed

import (
	"crypto/subtle"

	"github.com/nats-io/nats-server/v2/server"
)

// doorkeeper lets in who shows the token, and this process with its local workers, which do not come
// over the network.
type doorkeeper struct{ token string }

// Check reports whether a client may come in.
func (d *doorkeeper) Check(c server.ClientAuthentication) bool {
	if addr := c.RemoteAddress(); addr != nil && addr.Network() == "pipe" {
		return true
	}
	return subtle.ConstantTimeCompare([]byte(c.GetOpts().Token), []byte(d.token)) == 1
}
