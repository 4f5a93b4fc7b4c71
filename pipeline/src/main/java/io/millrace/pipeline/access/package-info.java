/** Who may ask a service for what: as far as one secret text decides it, and never a web page. */
package io.millrace.pipeline.access;
