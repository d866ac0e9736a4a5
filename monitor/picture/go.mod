module github.com/gopeln/pl/monitor/picture

go 1.26.0

replace github.com/gopeln/pl => ../../

require (
	github.com/gopeln/pl v0.0.0-00010101000000-000000000000
	github.com/stretchr/testify v1.12.1
	golang.org/x/image v0.45.0
)

require (
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/sys v0.47.0 // indirect
	golang.org/x/text v0.41.0 // indirect
)
