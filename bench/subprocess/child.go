package subprocess

import (
	"fmt"
	"os"
	"os/exec"
)

// role is the environment variable that tells a process of this binary which rival's server, or
// part of a floor, it is.
const role = "GOPELN_BENCH_ROLE"

// Serve turns this process into a rival's server, or part of a floor, if it was started as one, and
// then does not return. It belongs at the start of main.
func Serve() {
	var err error
	switch os.Getenv(role) {
	case "":
		return
	case "rpc":
		err = serveRPC()
	case "echo":
		err = serveEcho()
	case "plugin":
		servePlugin()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// child is a command that runs this binary in a role.
func child(as string) (*exec.Cmd, error) {
	path, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := exec.Command(path)
	c.Env = append(os.Environ(), role+"="+as)
	return c, nil
}
