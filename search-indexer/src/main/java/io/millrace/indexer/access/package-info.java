/** Who may change what is in the indexes. */
package io.millrace.indexer.access;
