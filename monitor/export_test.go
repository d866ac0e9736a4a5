package monitor

import (
	"bytes"
	"log/slog"
	"testing"
)

// captured collects what the default logger gets during the test.
func captured(t *testing.T) *bytes.Buffer {
	t.Helper()
	var b bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&b, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	return &b
}

// Captured is captured for tests outside the package.
var Captured = captured
