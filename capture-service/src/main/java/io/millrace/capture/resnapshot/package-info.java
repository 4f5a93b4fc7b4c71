/** Reads tables chunk by chunk while the stream goes on, and merges what it read into the stream. */
package io.millrace.capture.resnapshot;
