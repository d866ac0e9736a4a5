package embed

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/gopeln/pl/cluster"
	"github.com/gopeln/pl/internal/child"
	"github.com/gopeln/pl/internal/crossing"
)

// variable tells a process that it is a local worker, and its namespace.
const variable = "GOPELN_EMBED_NAMESPACE"

// What a local worker inherits beside standard input, output and error.
const connFile = 3

// Exit codes of a local worker.
const (
	exitOrderly = 0
	exitLost    = 124 // the server is gone, and with it the program
	exitFailed  = 125
)

var (
	mainCalled atomic.Bool
	namespace  = os.Getenv(variable)
	isWorker   = namespace != ""
)

func init() {
	_ = os.Unsetenv(variable) // it is not for this process's own children
	if isWorker {
		child.LeaveSignals() // from as early on as can be
	}
}

// Main turns this process into a worker if [LocalWorkers] started it as one, and then never returns;
// otherwise it returns at once. It must be the first line of main, after what makes stages;
// process.Main may stand before or after it. A program whose tests start local workers calls it in
// TestMain, before m.Run.
//
// In a worker it parses the program's flags as far as they are defined by then, so that functions
// see them as in the parent.
func Main(opts ...cluster.ServeOption) {
	mainCalled.Store(true)
	crossing.Complete()
	if isWorker {
		crossing.ParseFlags()
		os.Exit(work(opts))
	}
}

// work serves until the parent wants no more of this process.
func work(opts []cluster.ServeOption) (exitCode int) {
	conn, err := inherited()
	if err != nil {
		fmt.Fprintln(os.Stderr, "embed: started as a local worker, but not by this package:", err)
		return exitFailed
	}
	nc, err := nats.Connect("nats://127.0.0.1:4222", nats.SetCustomDialer(conn), nats.Name("gopeln local worker"), nats.NoReconnect(),
		nats.ClosedHandler(func(*nats.Conn) {
			if !leaving.Load() {
				os.Exit(exitLost) // also while a function spins
			}
		}))
	if err != nil {
		slog.Error("embed: a local worker cannot reach the server", "error", err)
		return exitFailed
	}
	ctx, leave := context.WithCancel(context.Background())
	go func() { // the parent closes standard input to dismiss the worker
		var buf [1]byte
		for {
			if _, err := os.Stdin.Read(buf[:]); err != nil {
				leave()
				return
			}
		}
	}()
	if err := cluster.New(nc, cluster.Namespace(namespace)).Serve(ctx, opts...); err != nil {
		slog.Error("embed: a local worker cannot serve", "error", err)
		return exitFailed
	}
	leaving.Store(true)
	nc.Close()
	return exitOrderly
}

var leaving atomic.Bool

// inherited is the connection that the process was started with, as a dialer.
func inherited() (dialer, error) {
	file := os.NewFile(connFile, "server")
	if file == nil {
		return dialer{}, os.ErrInvalid
	}
	defer file.Close()
	conn, err := net.FileConn(file)
	return dialer{conn}, err
}

type dialer struct{ conn net.Conn }

// Dial returns the connection.
func (d dialer) Dial(string, string) (net.Conn, error) { return d.conn, nil }

// dismissPatience is how long a local worker may take to leave.
const dismissPatience = 10 * time.Second
