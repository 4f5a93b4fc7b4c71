/** What the services say of themselves, as whoever looks at them reads it. */
package io.millrace.pipeline.metrics;
