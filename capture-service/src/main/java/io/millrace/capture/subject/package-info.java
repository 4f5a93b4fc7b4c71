/** Who is erased, and what becomes of the rows that carry them. */
package io.millrace.capture.subject;
