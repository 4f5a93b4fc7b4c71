/** Takes rows of the stream through Debezium many at a time, as Postgres sent them, and reads them behind it. */
package io.millrace.capture.bundle;
