/** Whether the stream that is read is the one that was read before, and what may be missing where it is not. */
package io.millrace.capture.continuity;
