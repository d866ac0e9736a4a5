//go:build unix

package embed_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/cluster"
)

var noted = cluster.Each(func(context.Context, int) error { return nil }, pl.Name("noted"))

// workByHand is a worker that says of each value that it has ended, and only then that nothing more comes of the message: so do
// others if the time of a result is over just then.
func workByHand(t *testing.T, nc *nats.Conn) {
	t.Helper()
	const last = 4 // the flag
	number := func(buf []byte, n int) []byte { return binary.AppendUvarint(buf, uint64(n)) }
	asked := false
	_, err := nc.Subscribe("pl.default.c.*", func(msg *nats.Msg) {
		var order struct {
			Spec *struct{ Job, Stream string }
			End  bool
		}
		require.NoError(t, json.Unmarshal(msg.Data, &order))
		job := msg.Subject[strings.LastIndexByte(msg.Subject, '.')+1:]
		say, err := json.Marshal(map[string]any{"Worker": "hand", "Slots": 1, "Closed": order.End})
		require.NoError(t, err)
		require.NoError(t, nc.Publish("pl.default.r."+job+".a", say))
		if asked || order.End || order.Spec.Stream == "" {
			return
		}
		asked = true
		work, err := nc.Subscribe(nats.NewInbox(), func(msg *nats.Msg) {
			if len(msg.Data) < 2 { // the server says that there is nothing more
				return
			}
			parcel, _ := binary.Uvarint(msg.Data[2:])
			frame := func(flags byte, part int, ack string, ended int) { // as package cluster has it in frame.go
				data := []byte{2, flags}
				for _, n := range []int{int(parcel), int(parcel), part, 0, 0, ended, 1} { // the attempt has the parcel's number
					data = number(data, n)
				}
				for _, text := range []string{"hand", ack} {
					data = append(number(data, len(text)), text...)
				}
				if data = number(data, ended); ended > 0 { // the marks are as many, since it is one or none
					data = append(data, 0, 1) // done, one value
				}
				require.NoError(t, nc.Publish("pl.default.r."+job+".v", data))
			}
			frame(0, 1, "", 1)
			frame(last, 2, msg.Reply, 0)
		})
		require.NoError(t, err)
		require.NoError(t, nc.PublishRequest("$JS.API.CONSUMER.MSG.NEXT."+order.Spec.Stream+".w", work.Subject, []byte(`{"batch":100}`)))
	})
	require.NoError(t, err)
	require.NoError(t, nc.Flush())
}

// Were the first message left at the server when its value has ended, the next one would come after the lease.
func TestAMessageIsDoneWithWhenItsWorkerHasSaidAll(t *testing.T) {
	s, url := listening(t)
	nc, err := dial(url)
	require.NoError(t, err)
	defer nc.Close()
	workByHand(t, nc)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, noted(pl.Range(3)).With(cluster.On(s.Cluster()), pl.Workers(1), cluster.Lease(time.Hour)).Run(ctx))
}
