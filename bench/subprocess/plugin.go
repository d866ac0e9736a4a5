package subprocess

import (
	"context"
	"errors"
	"io"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/gopeln/pl/bench/measure"
)

var handshake = plugin.HandshakeConfig{MagicCookieKey: "GOPELN_BENCH", MagicCookieValue: "adder"}

var pluginKinds = map[string]plugin.Plugin{"adder": adder{}}

// adder is a plugin with one method, a stream in both directions, which adds 1 to each int.
type adder struct{ plugin.NetRPCUnsupportedPlugin }

const adderMethod = "/bench.Adder/Add"

var adderService = grpc.ServiceDesc{
	ServiceName: "bench.Adder",
	HandlerType: (*any)(nil),
	Streams:     []grpc.StreamDesc{adderStream},
}

var adderStream = grpc.StreamDesc{StreamName: "Add", ServerStreams: true, ClientStreams: true, Handler: addAll}

// addAll is the plugin's side of a stream.
func addAll(_ any, stream grpc.ServerStream) error {
	for {
		var x wrapperspb.Int64Value
		if err := stream.RecvMsg(&x); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		y, err := ints.work(stream.Context(), int(x.Value))
		if err != nil {
			return err
		}
		if err := stream.SendMsg(wrapperspb.Int64(int64(y))); err != nil {
			return err
		}
	}
}

// GRPCServer is called in the plugin.
func (adder) GRPCServer(_ *plugin.GRPCBroker, s *grpc.Server) error {
	s.RegisterService(&adderService, nil)
	return nil
}

// GRPCClient is called in the host.
func (adder) GRPCClient(_ context.Context, _ *plugin.GRPCBroker, c *grpc.ClientConn) (any, error) {
	return c, nil
}

func servePlugin() {
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: handshake,
		Plugins:         pluginKinds,
		GRPCServer:      plugin.DefaultGRPCServer,
		Logger:          hclog.NewNullLogger(),
	})
}

// plugins are the children and the connections to them.
type plugins struct {
	clients     []*plugin.Client
	connections []*grpc.ClientConn
}

func startPlugins() (*plugins, error) {
	p := new(plugins)
	for range children {
		if err := p.start(); err != nil {
			p.close()
			return nil, err
		}
	}
	return p, nil
}

func (p *plugins) start() error {
	command, err := child("plugin")
	if err != nil {
		return err
	}
	client := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig:  handshake,
		Plugins:          pluginKinds,
		Cmd:              command,
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		Logger:           hclog.NewNullLogger(),
	})
	p.clients = append(p.clients, client)
	protocol, err := client.Client()
	if err != nil {
		return err
	}
	connection, err := protocol.Dispense("adder")
	if err != nil {
		return err
	}
	p.connections = append(p.connections, connection.(*grpc.ClientConn))
	return nil
}

func (p *plugins) close() {
	for _, c := range p.clients {
		c.Kill()
	}
}

// stream sends each plugin its share of the values down one stream.
func (p *plugins) stream() measure.Contender {
	return measure.Contender{Name: "go-plugin, gRPC stream", Run: func(n int) (int, error) {
		var all errgroup.Group
		sums := make([]int, len(p.connections))
		for k, c := range p.connections {
			from, to := n*k/len(p.connections), n*(k+1)/len(p.connections)
			all.Go(func() (err error) {
				sums[k], err = streamed(c, from, to)
				return err
			})
		}
		err := all.Wait()
		sum := 0
		for _, s := range sums {
			sum += s
		}
		return sum, err
	}}
}

func streamed(c *grpc.ClientConn, from, to int) (sum int, err error) {
	stream, err := c.NewStream(context.Background(), &adderStream, adderMethod)
	if err != nil {
		return 0, err
	}
	var sending errgroup.Group
	sending.Go(func() error {
		for i := from; i < to; i++ {
			if err := stream.SendMsg(wrapperspb.Int64(int64(ints.make(i)))); err != nil {
				return err
			}
		}
		return stream.CloseSend()
	})
	for range to - from {
		var y wrapperspb.Int64Value
		if err := stream.RecvMsg(&y); err != nil {
			return sum, errors.Join(err, sending.Wait())
		}
		sum += ints.count(int(y.Value))
	}
	// The end of the stream frees it; without reading so far it would stay.
	if err := stream.RecvMsg(new(wrapperspb.Int64Value)); !errors.Is(err, io.EOF) {
		return sum, errors.Join(errors.New("the plugin sent more than it was asked"), err)
	}
	return sum, sending.Wait()
}
