package child

// Setting is the key of an option that all packages know which run processes as workers.
type Setting int

// The settings.
const (
	Recycle Setting = iota // int: values after which a process is replaced
	Env                    // []string: variables added to the environment
)
