// Package journal makes runs resumable: a program that was killed and is started again goes on with
// what it has not done.
//
//	j, err := journal.Open("import.journal")
//	if err != nil {
//		return err
//	}
//	defer j.Close()
//	done := pl.Pipe3(rows,
//		journal.Skip(j, rowID),
//		thread.Map(work, pl.Workers(8)),
//		journal.Done(j, resultID))
//	for result, err := range done.All(ctx) {
//		// Use the result. When the loop asks for the next one, this one is done.
//	}
//
// # At least once
//
// [Done] records a value's key once its consumer has asked for the next value. So it must be the
// last step of a pipeline, after all that writes: a stage of workers behind it, or a sink of package
// files, asks for the next value at once, and what then waits in its queue or buffer is recorded and
// lost if the program dies. Write in a stage before Done that hands the value on. The key is in the
// file by then, so that a program that is killed loses none; the file is synced to the disk each
// second and by [Journal.Close], so that a power cut costs about a second's keys.
//
// A value that the consumer had in hand when the program died, or when it left the loop, is not
// recorded, and comes again. So does one that failed. The work must be safe to repeat.
//
// # The file
//
// The first line names the format and the [Version], each further one is a key: the first 16 bytes
// of its SHA-256, in hexadecimal digits. Nothing of the key itself can be read from it. The file
// only grows; a last line that was torn by a crash is cut off by Open. On Linux keys are stored in
// a piece of the file that is mapped into memory, which does what a write for each does, in a
// fraction of the time: until Close, or the Open after a crash, up to 256 KiB of zeros follow the
// last key. In memory a key takes 16 bytes, and its share of the room that a hash table leaves
// free.
//
// A journal is locked while it is open, against other processes and a second Open in this one. A
// program with workers of package process opens it after process.Main, since each worker runs what
// comes before.
package journal
