package cluster

import (
	"errors"
	"fmt"
	"time"

	"github.com/gopeln/pl"
	"github.com/gopeln/pl/internal/crossing"
)

// key is of the stage options of this package.
type key int

const (
	keyCluster key = iota
	keyLease
	keyMaxDeliver
	keyBatchSize
	keyMaxBytes
	keyReplicas
	keyOnDisk
	keyWaitWorkers
)

// On says which cluster the stage runs on, usually by Stage.With. Without it the run fails and says
// so.
func On(c *Cluster) pl.Option {
	return attach(keyCluster, c, "On", c != nil, "the cluster must not be nil")
}

// Lease sets after how long without a sign of life a value is run by another worker, a worker drops
// the run of a silent parent, and what a dead parent left is swept. The default is 30 seconds; the
// least is one.
func Lease(d time.Duration) pl.Option {
	return attach(keyLease, d, fmt.Sprintf("Lease(%v)", d), d >= time.Second, "must be at least 1s")
}

// MaxDeliver sets how often a value may begin that kills its workers before it fails with a
// *[PoisonError]. The default is 5.
func MaxDeliver(n int) pl.Option {
	return attach(keyMaxDeliver, n, fmt.Sprintf("MaxDeliver(%d)", n), n >= 1, "must be at least 1")
}

// BatchSize sets how many values go into a message. With 0, the default, as many as make about ten
// milliseconds of work.
func BatchSize(n int) pl.Option {
	return attach(keyBatchSize, n, fmt.Sprintf("BatchSize(%d)", n), n >= 0 && n <= mostBatch,
		fmt.Sprintf("must be between 0 (adaptive) and %d", mostBatch))
}

// MaxBytes bounds the encoded values that the program holds until their results are out. The default
// is 64 MiB. A heavier value goes alone.
func MaxBytes(n int64) pl.Option {
	return attach(keyMaxBytes, n, fmt.Sprintf("MaxBytes(%d)", n), n >= 1, "must be at least 1")
}

// Replicas sets how many servers hold the stage's stream of work. The default is one; a server
// cluster has up to five.
func Replicas(n int) pl.Option {
	return attach(keyReplicas, n, fmt.Sprintf("Replicas(%d)", n), n >= 1 && n <= 5, "must be between 1 and 5")
}

// OnDisk makes the servers keep the stage's stream of work on disk. The default is in memory, which
// is as safe: the program has what it needs to make a lost stream anew.
func OnDisk() pl.Option { return attach(keyOnDisk, true, "OnDisk", true, "") }

// WaitWorkers sets how long a run waits for a worker that fits, 30 seconds by default, before it
// fails with a *[NoWorkersError]. No source is read before there is one. It also bounds the wait for
// a server.
func WaitWorkers(d time.Duration) pl.Option {
	return attach(keyWaitWorkers, d, fmt.Sprintf("WaitWorkers(%v)", d), d > 0, "must be more than 0")
}

func attach(k key, value any, text string, ok bool, allowed string) pl.Option {
	var err error
	if !ok {
		err = errors.New(allowed)
	}
	return pl.Attach(k, value, text, err)
}

// mostBatch limits the values of a message.
const mostBatch = 4096

// settings are the options of this package that a stage was given.
type settings struct {
	cluster     *Cluster
	lease       time.Duration
	maxDeliver  int
	batchSize   int
	maxBytes    int64
	replicas    int
	onDisk      bool
	waitWorkers time.Duration
	codec       crossing.Codec
}

func settingsOf(setting func(key any) any) settings {
	cluster, _ := setting(keyCluster).(*Cluster)
	return settings{
		cluster:     cluster,
		lease:       or(setting(keyLease), 30*time.Second),
		maxDeliver:  or(setting(keyMaxDeliver), 5),
		batchSize:   or(setting(keyBatchSize), 0),
		maxBytes:    or(setting(keyMaxBytes), int64(64<<20)),
		replicas:    or(setting(keyReplicas), 1),
		onDisk:      or(setting(keyOnDisk), false),
		waitWorkers: or(setting(keyWaitWorkers), 30*time.Second),
		codec:       codecOf(setting),
	}
}

func codecOf(setting func(key any) any) crossing.Codec {
	c, _ := setting(crossing.WithCodec).(crossing.Codec)
	return c
}

// or returns value, or what holds where the option was not given.
func or[T any](value any, otherwise T) T {
	if v, ok := value.(T); ok {
		return v
	}
	return otherwise
}
