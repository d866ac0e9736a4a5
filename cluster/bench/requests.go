package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
)

// requests is plain NATS: messages of ints to worker processes, which answer. What is lost is lost.
type requests struct {
	nc      *nats.Conn
	inbox   string
	answers chan *nats.Msg
	sub     *nats.Subscription
	stop    func()
}

const (
	requestSubject = "bench.requests"
	intSize        = 8
	mostRequests   = 256 // unanswered
)

// newRequests starts the worker processes.
func (b *bench) newRequests() (*requests, error) {
	r := &requests{nc: b.server.Conn(), inbox: nats.NewInbox(), answers: make(chan *nats.Msg, 2*mostRequests)}
	var err error
	if r.sub, err = r.nc.ChanSubscribe(r.inbox, r.answers); err != nil {
		return nil, err
	}
	if r.stop, err = cast("nats", b.server.URL()); err != nil {
		_ = r.sub.Unsubscribe()
	}
	return r, err
}

func (r *requests) close() {
	_ = r.sub.Unsubscribe()
	r.stop()
}

// run sends n ints, size of them in a message, and returns the sum of what comes back.
func (r *requests) run(n, size int) (sum int, err error) {
	payload := make([]byte, 0, intSize*size)
	for sent, got := 0, 0; got < n; {
		for unanswered := (sent - got) / size; sent < n && unanswered < mostRequests; unanswered++ {
			payload = payload[:0]
			for ; sent < n && len(payload) < intSize*size; sent++ {
				payload = binary.LittleEndian.AppendUint64(payload, uint64(sent))
			}
			if err := r.nc.PublishRequest(requestSubject, r.inbox, payload); err != nil {
				return 0, err
			}
		}
		select {
		case msg := <-r.answers:
			got += len(msg.Data) / intSize
			for i := 0; i < len(msg.Data); i += intSize {
				sum += int(binary.LittleEndian.Uint64(msg.Data[i:]))
			}
		case <-time.After(10 * time.Second):
			return 0, fmt.Errorf("plain NATS has lost some of %d requests", n)
		}
	}
	return sum, nil
}

// answerRequests is a worker of requests, until ctx ends.
func answerRequests(ctx context.Context, url string) error {
	nc, err := nats.Connect(url)
	if err != nil {
		return err
	}
	defer nc.Close()
	_, err = nc.QueueSubscribe(requestSubject, "workers", func(msg *nats.Msg) {
		for i := 0; i < len(msg.Data); i += intSize {
			n, _ := addOneTo(ctx, int(binary.LittleEndian.Uint64(msg.Data[i:])))
			binary.LittleEndian.PutUint64(msg.Data[i:], uint64(n))
		}
		_ = nc.Publish(msg.Reply, msg.Data)
	})
	if err == nil {
		err = nc.Flush()
	}
	if err != nil {
		return err
	}
	fmt.Print(ready)
	<-ctx.Done()
	return nil
}
