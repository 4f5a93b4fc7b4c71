/** Reads tables in short transactions: block by block before the stream begins, and while it goes on in chunks, which are merged into it. */
package io.millrace.capture.resnapshot;
