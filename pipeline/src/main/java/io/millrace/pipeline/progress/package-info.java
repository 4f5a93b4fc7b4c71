/** How far a stage has got, asked of Kafka from outside: ends of topics, offsets of groups, what a join says of itself. */
package io.millrace.pipeline.progress;
