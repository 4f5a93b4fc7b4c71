/** Owns which documents leave by time alone: what is wanted, what was ordered, and what waits for a person. */
package io.millrace.purge.retention;
