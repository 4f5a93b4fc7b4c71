/** How a Kafka Connect worker reads {@code rows.*}. */
package io.millrace.connect;
