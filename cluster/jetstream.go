package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"
)

// requests to JetStream. They are made without the connection's own machinery, which would leave a
// goroutine behind.

const (
	apiPatience  = 5 * time.Second
	consumerName = "w"
)

// apiError is an error that JetStream answered with.
type apiError struct {
	Code        int    `json:"code"`
	ErrCode     int    `json:"err_code"`
	Description string `json:"description"`
}

func (e *apiError) Error() string { return fmt.Sprintf("%s (%d)", e.Description, e.ErrCode) }

func notFound(err error) bool {
	var e *apiError
	return errors.As(err, &e) && e.Code == 404
}

// api asks JetStream.
func (c *Cluster) api(ctx context.Context, what string, in, out any) error {
	var payload []byte
	if in != nil {
		var err error
		if payload, err = json.Marshal(in); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, apiPatience)
	defer cancel()
	answer, err := c.ask(ctx, "$JS.API."+what, payload)
	switch {
	case errors.Is(err, nats.ErrNoResponders):
		return errors.New("the NATS server has no JetStream for this user: start it with -js, or allow the account to use it")
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("the NATS server did not answer $JS.API.%s%s", what, c.last())
	case err != nil:
		return err
	}
	var status struct {
		Error *apiError `json:"error"`
	}
	if err := json.Unmarshal(answer.Data, &status); err != nil {
		return fmt.Errorf("$JS.API.%s: %w", what, err)
	}
	if status.Error != nil {
		return status.Error
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer.Data, out)
}

// ask sends a request and waits for the answer.
func (c *Cluster) ask(ctx context.Context, subject string, payload []byte) (*nats.Msg, error) {
	inbox := c.inbox(nuid.Next())
	answers := make(chan *nats.Msg, 1)
	sub, err := c.nc.ChanSubscribe(inbox, answers)
	if err != nil {
		return nil, err
	}
	defer func() { _ = sub.Unsubscribe() }()
	if err := c.nc.PublishRequest(subject, inbox, payload); err != nil {
		return nil, err
	}
	select {
	case msg := <-answers:
		if msg.Header.Get("Status") == "503" {
			return nil, nats.ErrNoResponders
		}
		return msg, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// createStream makes a stream for a job's work, and the consumer that workers pull from.
func (c *Cluster) createStream(ctx context.Context, job, name string, s *settings, mostPending int) error {
	storage := jetstream.MemoryStorage
	if s.onDisk {
		storage = jetstream.FileStorage
	}
	stream := jetstream.StreamConfig{
		Name: name, Subjects: []string{c.work(job)}, Retention: jetstream.WorkQueuePolicy, Storage: storage, Replicas: s.replicas,
		MaxMsgs: -1, MaxBytes: -1, MaxConsumers: -1, MaxMsgSize: -1, MaxMsgsPerSubject: -1,
		Discard: jetstream.DiscardNew, MaxAge: 24 * time.Hour, Duplicates: 10 * time.Second,
		Metadata: map[string]string{"gopeln.lease": s.lease.String()},
	}
	if err := c.api(ctx, "STREAM.CREATE."+name, stream, nil); err != nil {
		return fmt.Errorf("cannot make the stream %s: %w", name, err)
	}
	consumer := map[string]any{"stream_name": name, "config": jetstream.ConsumerConfig{
		Durable: consumerName, AckPolicy: jetstream.AckExplicitPolicy, AckWait: s.lease, MaxDeliver: -1,
		MaxAckPending: mostPending, MaxWaiting: 4096, MemoryStorage: !s.onDisk,
	}}
	if err := c.api(ctx, "CONSUMER.DURABLE.CREATE."+name+"."+consumerName, consumer, nil); err != nil {
		return fmt.Errorf("cannot make the consumer of stream %s: %w", name, err)
	}
	return nil
}

// streamInfo is what is asked about a stream.
type streamInfo struct {
	Config struct {
		Metadata map[string]string `json:"metadata"`
	} `json:"config"`
	State struct {
		Messages int `json:"messages"`
	} `json:"state"`
}

func (c *Cluster) streamInfo(ctx context.Context, name string) (info streamInfo, err error) {
	err = c.api(ctx, "STREAM.INFO."+name, nil, &info)
	return info, err
}

func (c *Cluster) deleteStream(ctx context.Context, name string) error {
	err := c.api(ctx, "STREAM.DELETE."+name, nil, nil)
	if notFound(err) {
		return nil
	}
	return err
}

// streamNames lists the streams of this namespace.
func (c *Cluster) streamNames(ctx context.Context) (names []string, err error) {
	for {
		var page struct {
			Total   int      `json:"total"`
			Streams []string `json:"streams"`
		}
		ask := map[string]any{"subject": c.allWork(), "offset": len(names)}
		if err := c.api(ctx, "STREAM.NAMES", ask, &page); err != nil {
			return nil, err
		}
		names = append(names, page.Streams...)
		if len(page.Streams) == 0 || len(names) >= page.Total {
			return names, nil
		}
	}
}
