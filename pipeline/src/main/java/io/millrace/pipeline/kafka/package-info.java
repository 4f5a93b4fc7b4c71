/** How a service reaches Kafka. */
package io.millrace.pipeline.kafka;
