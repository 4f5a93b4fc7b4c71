/** What others add to documents: merged into rows of the source, from where it goes the way of all rows. */
package io.millrace.purge.enrichment;
