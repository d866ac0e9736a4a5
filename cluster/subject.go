package cluster

import "strings"

// Names of subjects and streams. A job is one stage in one run; its name has no dots.

// work is where the values of a job go, into its stream.
func (c *Cluster) work(job string) string { return "pl." + c.namespace + ".w." + job }

// allWork is the work of all jobs.
func (c *Cluster) allWork() string { return "pl." + c.namespace + ".w.>" }

// results is where what becomes of a job's values goes, to the parent.
func (c *Cluster) results(job string) string { return "pl." + c.namespace + ".r." + job + ".v" }

// reports is where else workers speak to the parent of a job.
func (c *Cluster) reports(job string) string { return "pl." + c.namespace + ".r." + job + ".a" }

// orders is where the parent of a job speaks to all workers.
func (c *Cluster) orders(job string) string { return "pl." + c.namespace + ".c." + job }

// hello is where a new worker asks all parents to speak, by an empty message, and where they are told that one has died, by
// an obituary.
func (c *Cluster) hello() string { return "pl." + c.namespace + ".h" }

// inbox is where answers to one part of a program go.
func (c *Cluster) inbox(id string) string { return "pl." + c.namespace + ".i." + id }

// stream is the name of the streams of a job's work: of each incarnation one.
func (c *Cluster) stream(job string) string { return "PL_" + c.namespace + "_" + job }

// jobOf is the job that a stream of this namespace belongs to. Job and incarnation have no underscore in them.
func (c *Cluster) jobOf(stream string) (job string, ok bool) {
	rest, ok := strings.CutPrefix(stream, "PL_"+c.namespace+"_")
	job, _, both := strings.Cut(rest, "_")
	return job, ok && both && !strings.Contains(rest[len(job)+1:], "_")
}

// bucket is the object store of this namespace.
func (c *Cluster) bucket() string { return "PLO_" + c.namespace }
