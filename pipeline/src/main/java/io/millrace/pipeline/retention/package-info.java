/** Which documents a pipeline keeps, as the log tells it. */
package io.millrace.pipeline.retention;
