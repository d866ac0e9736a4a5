package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/gopeln/pl/bench/measure"
	"github.com/gopeln/pl/cluster"
)

const (
	taskType  = "add one"
	countKey  = "bench.count"
	sumKey    = "bench.sum"
	enqueuers = 16
)

// asynq compares the cluster with asynq on a redis-server that the program starts: each value is a
// task, and a handler adds its result to a sum in Redis.
func (b *bench) asynq(e measure.Effort, w io.Writer) error {
	if _, err := exec.LookPath("redis-server"); err != nil {
		_, err := fmt.Fprintln(w, "\nThere is no redis-server on this machine, so asynq is not measured.")
		return err
	}
	q, err := newTasks()
	if err != nil {
		return err
	}
	defer q.close()
	n := e.ValuesOr(20_000)
	results, err := measure.Compare([]measure.Contender{
		b.ours("package cluster", addOne, 1),
		b.ours("package cluster, one value in a message", addOne, 1, cluster.BatchSize(1)),
		{Name: "asynq, a local Redis", Run: q.run},
	}, e, n, n*(n+1)/2)
	if err != nil {
		return err
	}
	t := measure.Table{
		Title: fmt.Sprintf("%d ints through a function that does nothing, %d worker processes", n, workers),
		Head:  []string{"", "values/s", "time, by the first"},
	}
	for _, r := range results {
		t.Add(r.Name, rate(results, r.Name), fmt.Sprintf("%.1f×", measure.Ratio(r, results[0])))
	}
	return t.Write(w)
}

// tasks is asynq with its worker processes.
type tasks struct {
	dir     string
	redis   *exec.Cmd
	client  *asynq.Client
	results *redis.Client
	stop    func()
}

func newTasks() (*tasks, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	socket := filepath.Join(dir, "socket")
	q := &tasks{dir: dir, stop: func() {}}
	q.redis = exec.Command("redis-server", "--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no", "--dir", dir)
	if err := q.redis.Start(); err != nil {
		_ = os.RemoveAll(dir)
		return nil, err
	}
	q.client = asynq.NewClient(asynq.RedisClientOpt{Network: "unix", Addr: socket})
	q.results = redis.NewClient(&redis.Options{Network: "unix", Addr: socket})
	for range 100 {
		if err = q.client.Ping(); err == nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if err == nil {
		var stop func()
		if stop, err = cast("asynq", socket); err == nil {
			q.stop = stop
			return q, nil
		}
	}
	q.close()
	return nil, err
}

func (q *tasks) close() {
	q.stop()
	_ = q.client.Close()
	_ = q.results.Close()
	_ = q.redis.Process.Kill()
	_ = q.redis.Wait()
	_ = os.RemoveAll(q.dir)
}

// run enqueues n tasks, by several goroutines since each waits for Redis, and waits for the sum of
// their results.
func (q *tasks) run(n int) (sum int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	if err := q.results.Del(ctx, countKey, sumKey).Err(); err != nil {
		return 0, err
	}
	errs := make([]error, enqueuers)
	var all sync.WaitGroup
	for i := range enqueuers {
		all.Go(func() {
			for x := i; x < n && errs[i] == nil; x += enqueuers {
				payload := binary.LittleEndian.AppendUint64(nil, uint64(x))
				_, errs[i] = q.client.EnqueueContext(ctx, asynq.NewTask(taskType, payload), asynq.MaxRetry(0))
			}
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return 0, err
	}
	for done := 0; done < n; time.Sleep(time.Millisecond) {
		if done, err = q.results.Get(ctx, countKey).Int(); err != nil && !errors.Is(err, redis.Nil) {
			return 0, err
		}
	}
	return q.results.Get(ctx, sumKey).Int()
}

// handleTasks is a worker of tasks, until ctx ends.
func handleTasks(ctx context.Context, socket string) error {
	results := redis.NewClient(&redis.Options{Network: "unix", Addr: socket})
	defer func() { _ = results.Close() }()
	server := asynq.NewServer(asynq.RedisClientOpt{Network: "unix", Addr: socket}, asynq.Config{
		Concurrency: 32, LogLevel: asynq.FatalLevel, TaskCheckInterval: 10 * time.Millisecond,
	})
	err := server.Start(asynq.HandlerFunc(func(ctx context.Context, task *asynq.Task) error {
		if len(task.Payload()) != intSize {
			return io.ErrUnexpectedEOF
		}
		y, err := addOneTo(ctx, int(binary.LittleEndian.Uint64(task.Payload())))
		if err != nil {
			return err
		}
		_, err = results.Pipelined(ctx, func(p redis.Pipeliner) error {
			p.IncrBy(ctx, sumKey, int64(y))
			return p.Incr(ctx, countKey).Err()
		})
		return err
	}))
	if err != nil {
		return err
	}
	fmt.Print(ready)
	<-ctx.Done()
	server.Shutdown()
	return nil
}
