/**
 * Counts that travel with the records. Who writes into a partition numbers what it writes; who reads holds the numbers against the
 * offsets, where a record's work is done: so what was dropped, doubled or put out of order on the way is found, whoever did it.
 */
package io.millrace.pipeline.ledger;
