/** Who may ask a service for what, as far as one secret text decides it. */
package io.millrace.pipeline.access;
