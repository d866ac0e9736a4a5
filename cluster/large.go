package cluster

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// What is too large for a message goes into the namespace's object store, and the message has its
// name. Names begin with the job's, for the sweep.

// objectLife bounds how long an object lives if no sweep removes it.
const objectLife = 24 * time.Hour

// overhead is room in a message for what is not values.
const overhead = 2048

// putLarge stores data under name.
func (c *Cluster) putLarge(ctx context.Context, name string, data []byte, s *settings) error {
	store, err := c.store(ctx, s)
	if err != nil {
		return err
	}
	info := jetstream.ObjectMeta{Name: name, Opts: &jetstream.ObjectMetaOptions{ChunkSize: c.chunk()}}
	_, err = store.Put(ctx, info, bytes.NewReader(data))
	return err
}

// chunk is how much of an object goes into a message.
func (c *Cluster) chunk() uint32 {
	return uint32(max(1024, min(128<<10, c.nc.MaxPayload()-1024)))
}

func (c *Cluster) getLarge(ctx context.Context, name string) ([]byte, error) {
	store, err := c.store(ctx, nil)
	if err != nil {
		return nil, err
	}
	return store.GetBytes(ctx, name)
}

// store is the object store. With settings it is made if there is none.
func (c *Cluster) store(ctx context.Context, s *settings) (jetstream.ObjectStore, error) {
	js, err := jetstream.New(c.nc)
	if err != nil {
		return nil, err
	}
	store, err := js.ObjectStore(ctx, c.bucket())
	if s == nil || !errors.Is(err, jetstream.ErrBucketNotFound) {
		return store, err
	}
	storage := jetstream.MemoryStorage
	if s.onDisk {
		storage = jetstream.FileStorage
	}
	return js.CreateOrUpdateObjectStore(ctx, jetstream.ObjectStoreConfig{
		Bucket: c.bucket(), TTL: objectLife, Storage: storage, Replicas: s.replicas,
	})
}

// dropLarge deletes the objects of a job, and one of them if it has a name.
func (c *Cluster) dropLarge(ctx context.Context, job, name string) error {
	store, err := c.store(ctx, nil)
	if err != nil {
		if errors.Is(err, jetstream.ErrBucketNotFound) {
			return nil
		}
		return err
	}
	if name != "" {
		return store.Delete(ctx, name)
	}
	all, err := store.List(ctx)
	if errors.Is(err, jetstream.ErrNoObjectsFound) {
		return nil
	}
	for _, o := range all {
		if strings.HasPrefix(o.Name, job+"/") {
			err = errors.Join(err, store.Delete(ctx, o.Name))
		}
	}
	return err
}
