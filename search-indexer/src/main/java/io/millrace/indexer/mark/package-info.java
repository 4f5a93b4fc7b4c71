/** How far an index has come, kept in the search engine itself, so that an index that came back from a copy shows it. */
package io.millrace.indexer.mark;
