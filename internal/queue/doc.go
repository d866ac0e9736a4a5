// Package queue has the queues between the stages of a run. It knows nothing of stages: all that it
// needs of the engine is a [Seat], in which a worker waits.
//
// There are four queues. [Windowed] is the usual one; the rest of this comment is about it.
// [Channel] is a Go channel, for bounds so small that nearly every value costs a switch of
// goroutines: there a channel's direct hand-off is cheaper. [Reorder] is the queue before an
// Ordered. [Lanes] is the queue of stages with keys, weights or a rate. The types describe their
// algorithms. [Calls] looks like a queue to the last stage of a Func, and is the end of it.
//
// # The algorithm
//
// A queue with a lock costs two locks for each value, on a cache line that all workers write to. In
// a Windowed queue, each worker instead has a [Word], 64 bits on a cache line of their own, and a
// value costs one compare-and-swap on it.
//
// A producer owns an [Out]: a list of chunks to which it writes its values. Its word has tail, how
// many values it has published, and credit, how many more it may publish. To publish is to write
// the value, and then to exchange the word for one with a tail one higher and a credit one lower.
// If the credit is used up, the producer takes the lock of the queue and gets more, up to a window;
// if there is no room, it takes back the unspent credit of the others; if there is none, it parks.
//
// A consumer owns an [In]: a window of values, which it fetches under the lock from all producers
// that have some. Its word has next, how many values of the window are claimed, and end, how many
// there are. To claim is to exchange the word for one with a next one higher. If the window is used
// up, the consumer fetches another; if no producer has a value, it steals the later half of what is
// unclaimed in the largest window; if there is none, it parks. It fetches as many values as it
// handles in about 20 µs, as its pace measures; that is one if values are costly.
//
// The two ends of a worker share a word, so that it hands on a result and claims its next value in
// one exchange.
//
// A worker need not look whether others wait. A consumer that is about to park sets the valueAsked
// bit in the producers' words, and a producer without room sets claimAsked in the consumers'. The
// exchange that publishes or claims returns the bit, and a worker that finds it set takes the lock
// and wakes a worker that waits.
//
// # Who may touch what
//
//   - A place in a chunk belongs to the producer until the exchange that publishes it; then to the
//     holder of the lock, which fetches it.
//   - A place in a window belongs to the holder of the lock until end of the word covers it, and
//     to no worker then, until an exchange claims it: for the consumer, by a higher next, or for a
//     thief that holds the lock, by a lower end. The claimant reads and clears it.
//   - The worker alone raises tail and next. The worker and the holder of the lock lower credit;
//     only the holder of the lock raises it, and writes end. The fields of one half never carry
//     into the other, and tail is the highest, so that its overflow is lost; only differences of
//     tails count.
//   - The declaration of each other field says what guards it.
//
// # Invariants
//
// They hold whenever the lock is free. Package tests with the race detector check 1 to 4 each time
// it is released.
//
//  1. The bound is exact: the values published and not fetched, the credit that is not spent, and
//     the values fetched and not claimed are together at most the bound. Promised room counts as
//     used, so a producer with credit need not ask for room.
//  2. granted - pulled is the number of values published and not fetched, plus the unspent credit.
//  3. A window with unclaimed values is listed in windows. So each of them can be stolen, and no
//     value waits for a worker that is busy with another (law 4).
//  4. A producer with a credit of more than 1 is listed in credited, unless it is a driven worker
//     that has reserved it. So the credit can be taken back, and no producer waits for room that
//     another does not use. A single credit is spent at once.
//  5. A producer that is not on the ready list has the valueAsked bit. So its next value is
//     announced, and a consumer that has seen an empty ready list under the lock can park.
//  6. If a producer is parked, each listed window has the claimAsked bit, unless a producer is
//     woken and not yet served: that producer wakes the next.
//  7. Of the parked consumers that have a goroutine to themselves, at most one is woken at a time,
//     and so of the producers; it wakes the next once it is served and there is work left. So
//     trivial work does not wake all.
//
// # What costs more
//
// Each of these was tried and measured, on two cores, against what stands here.
//
//   - Batches that a worker keeps to itself: twice as fast, and wrong. If a function waits for
//     another value, as functions may, and that value lies in a batch of the worker that waits, the
//     pipeline hangs.
//   - A ring with a lock for each value: 1.1 to 2 times the cost at a bound of 64, up to 3 times at
//     1024. It is the model in the tests, and the benchmark compares with it.
//   - A channel of chunks: an exact bound is impossible, and a costly value holds up its chunk.
//   - Looking at a flag of the queue after each value, to see whether a worker waits, instead of
//     the asked bits: one more cache line that others write to.
//   - Gosched before a worker parks: fewer parks, and no gain, since nothing comes unannounced.
//   - Fair shares of the room as credit, instead of all of it: more locks where the room is short.
//     Taking back credit does what fairness is for.
//   - Handing each value to a parked consumer past the queue: worth it only if the consumer is
//     parked already, so a producer tries only while mayHandOver is set.
//   - Waking under the lock: the woken worker runs into it.
//   - Slices of parked workers and of all producers, instead of linked lists of those that matter.
//   - One growing buffer for an unbounded queue, instead of chunks: three times the cost.
package queue
