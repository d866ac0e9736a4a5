//go:build unix

package embed_test

import (
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// proxy is a TCP proxy before a server: a network that can be cut, slow, or hostile to connections. What is on its way when
// a direction is cut arrives when that is mended, as with TCP, and so does the end of a connection that was closed
// meanwhile.
type proxy struct {
	server   string
	listener net.Listener
	there    direction // to the server
	back     direction

	mu    sync.Mutex
	conns map[*net.TCPConn]bool
	over  bool
	pumps sync.WaitGroup
}

// proxyOf starts a proxy of the server at a URL, and returns it with its own URL.
func proxyOf(t *testing.T, url string) (*proxy, string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{server: strings.TrimPrefix(url, "nats://"), listener: listener, conns: map[*net.TCPConn]bool{}}
	p.there.changed, p.back.changed = make(chan struct{}), make(chan struct{})
	p.pumps.Go(p.accept)
	t.Cleanup(p.close)
	return p, "nats://" + listener.Addr().String()
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.server)
		if err != nil || !p.add(client, server) {
			_ = client.Close()
			continue
		}
		p.pumps.Go(func() { p.there.carry(server, client); p.end(client, server) })
		p.pumps.Go(func() { p.back.carry(client, server); p.end(client, server) })
	}
}

// add takes note of connections, unless the proxy is closed.
func (p *proxy) add(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		if p.over {
			_ = c.Close()
		} else {
			p.conns[c.(*net.TCPConn)] = true
		}
	}
	return !p.over
}

func (p *proxy) end(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		_ = c.Close()
		delete(p.conns, c.(*net.TCPConn))
	}
}

// reset resets all connections: what is on its way is lost.
func (p *proxy) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		_ = c.SetLinger(0)
		_ = c.Close()
	}
}

func (p *proxy) close() {
	p.mu.Lock()
	p.over = true
	p.mu.Unlock()
	_ = p.listener.Close()
	p.reset()
	for _, d := range []*direction{&p.there, &p.back} {
		d.set(terms{})
	}
	p.pumps.Wait()
}

// terms are what a direction does to the bytes that it carries.
type terms struct {
	cut     bool
	latency time.Duration
	rate    int           // bytes a second; 0: no limit
	closing time.Duration // how long the end of a connection takes
}

// direction is one way through a proxy, of all connections.
type direction struct {
	mu      sync.Mutex
	terms   terms
	changed chan struct{} // closed when the terms change
}

func (d *direction) set(t terms) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.terms = t
	close(d.changed)
	d.changed = make(chan struct{})
}

// now waits while the direction is cut, and returns its terms.
func (d *direction) now() terms {
	for {
		d.mu.Lock()
		t, changed := d.terms, d.changed
		d.mu.Unlock()
		if !t.cut {
			return t
		}
		<-changed
	}
}

// chunk is what came at once.
type chunk struct {
	data []byte
	at   time.Time
}

// carry carries bytes until one of the ends closes.
func (d *direction) carry(to, from net.Conn) {
	chunks := make(chan chunk, 64)
	var reader sync.WaitGroup
	reader.Go(func() {
		defer close(chunks)
		for {
			data := make([]byte, 16<<10)
			n, err := from.Read(data)
			if n > 0 {
				chunks <- chunk{data[:n], time.Now()}
			}
			if err != nil {
				return
			}
		}
	})
	var err error
	for c := range chunks {
		t := d.now()
		time.Sleep(time.Until(c.at.Add(t.latency)))
		if t.rate > 0 {
			time.Sleep(time.Duration(len(c.data)) * time.Second / time.Duration(t.rate))
		}
		if err == nil {
			if _, err = to.Write(c.data); err != nil {
				_ = from.Close()
			}
		}
	}
	reader.Wait()
	time.Sleep(d.now().closing)
}
