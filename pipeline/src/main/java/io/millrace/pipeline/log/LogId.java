package io.millrace.pipeline.log;

/**
 * Which log an offset counts in. A topic that was deleted and made anew has its old name and another id (KIP-516); a Kafka that was
 * made anew is another cluster.
 *
 * @param cluster Kafka's cluster id
 * @param topic the topic's id
 */
record LogId(String cluster, String topic) {}
