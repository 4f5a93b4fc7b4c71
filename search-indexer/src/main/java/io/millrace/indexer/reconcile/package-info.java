/** Takes documents out of an index whose deletes are not in the topic any more. */
package io.millrace.indexer.reconcile;
