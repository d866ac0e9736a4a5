// Package embed is a cluster that needs no set-up: a NATS server inside the program, and processes of
// the program as workers.
//
//	var render = cluster.Map(renderTile, pl.Name("render"))
//
//	func main() {
//		embed.Main() // the first line, after the stages
//		s, err := embed.Start(ctx, embed.LocalWorkers(runtime.NumCPU()))
//		…
//		defer s.Close()
//		for tile, err := range render(tiles).With(cluster.On(s.Cluster())).All(ctx) { … }
//	}
//
// Local workers reach the server by a connection that they inherit. There is no port, unless [Listen]
// asks for one, for workers on other machines: they connect with nats.Connect and call
// cluster.Cluster.Serve.
//
// When a local worker dies, what it had is run by others at once, whatever the Lease: the program sees
// all that passes over the worker's connection, and hands back to the server what the worker was given.
// When the program dies, even by SIGKILL, its local workers die too. Signals that a terminal or systemd
// sends to the whole process group are left to the program.
package embed
