module github.com/gopeln/pl/cluster/bench

go 1.26.0

replace github.com/gopeln/pl => ../../

replace github.com/gopeln/pl/bench => ../../bench

replace github.com/gopeln/pl/cluster => ../

replace github.com/gopeln/pl/cluster/embed => ../embed

require (
	github.com/gopeln/pl v0.0.0-00010101000000-000000000000
	github.com/gopeln/pl/bench v0.0.0-00010101000000-000000000000
	github.com/gopeln/pl/cluster v0.0.0-00010101000000-000000000000
	github.com/gopeln/pl/cluster/embed v0.0.0-00010101000000-000000000000
	github.com/hibiken/asynq v0.26.0
	github.com/nats-io/nats.go v1.55.0
	github.com/redis/go-redis/v9 v9.14.1
)

require (
	github.com/antithesishq/antithesis-sdk-go v0.8.0-default-no-op // indirect
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	github.com/dgryski/go-rendezvous v0.0.0-20200823014737-9f7001d12a5f // indirect
	github.com/google/go-tpm v0.9.8 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/klauspost/compress v1.20.3 // indirect
	github.com/minio/highwayhash v1.0.4 // indirect
	github.com/nats-io/jwt/v2 v2.8.2 // indirect
	github.com/nats-io/nats-server/v2 v2.15.2 // indirect
	github.com/nats-io/nkeys v0.4.16 // indirect
	github.com/nats-io/nuid v1.0.1 // indirect
	github.com/robfig/cron/v3 v3.0.1 // indirect
	github.com/spf13/cast v1.10.0 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/time v0.16.0 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
)
