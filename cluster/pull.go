package cluster

import (
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
)

const (
	pullLife    = 30 * time.Second
	pullBeat    = 2 * time.Second
	pullSilence = 3 * pullBeat
	// aheadTime is how much work of cheap messages a worker asks for in advance.
	aheadTime = 5 * time.Millisecond
	mostAhead = 128
)

// ask pulls as many messages as the worker has use for. The lock is held.
func (s *server) ask(j *job) {
	if j.over || j.broken || s.leaving || j.Stream == "" || time.Now().Before(j.notBefore) {
		return
	}
	ahead := 1
	if j.cost > 0 {
		ahead = int(min(time.Duration(s.slots)*aheadTime/j.cost, mostAhead))
	}
	want := max(0, s.slots-s.stuck-s.running) + ahead
	have := j.asked + len(j.pending)
	if have > 0 && have > want/2 || have >= want {
		return
	}
	n := want - have
	body := fmt.Appendf(nil, `{"batch":%d,"expires":%d,"idle_heartbeat":%d}`, n, pullLife, pullBeat)
	if err := s.nc.PublishRequest("$JS.API.CONSUMER.MSG.NEXT."+j.Stream+"."+consumerName, j.inbox, body); err != nil {
		return
	}
	j.asked += n
	j.pulled = time.Now()
}

// keepUp asks again where nothing has come for too long. The lock is held.
func (s *server) keepUp(j *job, now time.Time) {
	if j.asked > 0 && now.Sub(j.pulled) > pullSilence {
		j.asked = 0
	}
	s.ask(j)
}

// arrived takes what was pulled.
func (j *job) arrived(msg *nats.Msg) {
	s := j.srv
	s.mu.Lock()
	defer s.mu.Unlock()
	j.pulled = time.Now()
	if status := msg.Header.Get("Status"); status != "" {
		j.status(status, msg.Header)
		return
	}
	j.asked = max(0, j.asked-1)
	meta, err := msg.Metadata()
	if err != nil {
		return
	}
	d := &delivery{job: j, ack: msg.Reply, arrived: j.pulled}
	if err := d.parse(msg.Data); err != nil {
		s.log.Warn("cluster: not understood", "run", j.Run, "stage", j.Stage, "error", err)
		return
	}
	if meta.NumDelivered > 1 {
		s.say(j.Job, report{Back: &back{Parcel: d.parcel, Delivered: int(meta.NumDelivered), Ack: d.ack}})
		s.ask(j)
		return
	}
	s.attempts++
	d.attempt = s.attempts
	d.beaten = d.arrived
	d.bell = make(chan struct{}, 1)
	if s.leaving || j.over {
		if !j.over {
			d.returnWhole()
		}
		return
	}
	s.held[d] = struct{}{}
	j.pending = append(j.pending, d)
	s.wake.Signal()
	s.ask(j)
}

// status takes a message of the server's own about pulls. The lock is held.
func (j *job) status(status string, h nats.Header) {
	switch status {
	case "100": // it is alive
	case "404", "408":
		n, err := strconv.Atoi(h.Get("Nats-Pending-Messages"))
		if err != nil {
			n = j.asked
		}
		j.asked = max(0, j.asked-n)
		j.srv.ask(j)
	default: // the stream or the consumer is not there, or not yet, or its leader has changed
		j.asked = 0
		j.notBefore = time.Now().Add(100 * time.Millisecond)
	}
}

// stopPulling sees to it that no message comes any more that the worker would not see: those on their way are given back. The lock
// is held.
func (j *job) stopPulling() {
	if j.sub != nil {
		_ = j.sub.Drain()
	}
}

// givePendingBack gives back what has not begun. The lock is held.
func (j *job) givePendingBack() {
	for _, d := range j.pending {
		d.returnWhole()
		delete(j.srv.held, d)
	}
	j.pending = nil
}
