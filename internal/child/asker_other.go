//go:build !unix

package child

// look is empty: the system does not tell whether there is something to read without waiting for
// it.
type look struct{}

func (*Asker) prepare() error { return nil }

// Read reads what comes. If there is a question, it is sent first.
func (a *Asker) Read(p []byte) (int, error) {
	if a.question != nil {
		if err := a.send(); err != nil {
			return 0, err
		}
	}
	return a.out.Read(p)
}
