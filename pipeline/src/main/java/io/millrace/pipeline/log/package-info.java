/**
 * What a position stands on. A position is an offset and the identity of the log that it counts in; a stage that holds an offset
 * against a log that has lost records, was made anew or went back would go on as if nothing had been.
 */
package io.millrace.pipeline.log;
