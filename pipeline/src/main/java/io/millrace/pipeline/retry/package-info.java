/** How long is waited between attempts at what failed. */
package io.millrace.pipeline.retry;
