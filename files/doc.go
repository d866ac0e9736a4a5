// Package files has sources and sinks for what most programs read and write: lines, JSON, CSV, the
// files of a folder, and a result file that appears only when it is complete.
//
//	rows := files.CSV(files.Open("orders.csv.gz"), files.Header())
//	out := files.Create("totals.jsonl")
//	defer out.Close()
//	totals := pl.Pipe2(rows, thread.Map(total, pl.Workers(4)), files.WriteJSON[Total](out))
//	if err := totals.Run(ctx); err != nil {
//		return err
//	}
//	return out.Commit()
//
// # Sources
//
// A source takes an [Opener], a way to open a text, and not a reader, since a stage may run many
// times. Each run opens the text once and closes it, whatever ends the run. When the run ends while
// a Read waits, the reader is closed under it, so that a silent pipe does not hold up the end.
//
// Each value is the receiver's own: no buffer is used again under it. A UTF-8 byte order mark at
// the beginning of a text is dropped.
//
// An error of a text fails the run with an [*Error], which names the text and the line, and for CSV
// and JSON the column. What came before it has been yielded. To go on past malformed values, read
// [Lines] and decode them in a stage of their own, whose [pl.OnError] or [pl.KeepGoing] drops the
// bad ones.
//
// # Sinks
//
// [WriteLines] and [WriteJSON] run in the goroutine of their consumer and write each value, in the
// order of arrival. They hand whole lines to the writer, in blocks, and flush at the end of the
// run, also when it ends early. They know the common options, by [pl.Stage.With]. A value that
// cannot be written, such as NaN as JSON, fails alone, so that [pl.OnError] may drop it; a writer
// that fails fails the run.
package files
