/** Holds an index against the SQL join of its source, while both change; has what differs emitted anew. */
package io.millrace.purge.verification;
