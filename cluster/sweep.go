package cluster

import (
	"context"
	"slices"
	"time"
)

// sweepEvery is how often a worker looks for what dead parents have left.
const sweepEvery = 2 * time.Second

// sweepForEver deletes the streams and objects of jobs whose parents have been silent for their lease.
func (s *server) sweepForEver(ctx context.Context) {
	seen := map[string]time.Time{} // streams, and when they were seen first
	denied := false
	for pause(ctx, sweepEvery) == nil {
		if !s.nc.IsConnected() {
			clear(seen) // parents may have been cut off too
			continue
		}
		names, err := s.streamNames(ctx)
		if err != nil {
			if ctx.Err() == nil && !denied {
				denied = true
				s.log.Debug("cluster: cannot sweep", "error", err)
			}
			continue
		}
		now := time.Now()
		s.mu.Lock()
		for job, heard := range s.heard {
			if _, at := s.jobs[job]; !at && now.Sub(heard) > time.Hour {
				delete(s.heard, job)
			}
		}
		s.mu.Unlock()
		for name := range seen {
			if !slices.Contains(names, name) {
				delete(seen, name)
			}
		}
		for _, name := range names {
			job, ours := s.jobOf(name)
			if !ours {
				continue
			}
			if _, known := seen[name]; !known {
				seen[name] = now
			}
			s.sweep(ctx, job, name, seen[name], now)
		}
	}
}

// sweep deletes a job's stream if its parent has been silent for its lease, and as long as the worker could hear it.
func (s *server) sweep(ctx context.Context, job, name string, since, now time.Time) {
	s.mu.Lock()
	if heard := s.heard[job]; heard.After(since) {
		since = heard
	}
	s.mu.Unlock()
	if now.Sub(since) < time.Second {
		return
	}
	info, err := s.streamInfo(ctx, name)
	if err != nil {
		return
	}
	lease, err := time.ParseDuration(info.Config.Metadata["gopeln.lease"])
	if err != nil || now.Sub(since) < lease+time.Second/2 {
		return
	}
	if err := s.deleteStream(ctx, name); err == nil {
		_ = s.dropLarge(ctx, job, "")
		s.log.Info("cluster: swept what a silent parent left", "stream", name)
	}
	s.mu.Lock()
	delete(s.heard, job)
	s.mu.Unlock()
}
