/** Where documents go to, and what is asked of it. */
package io.millrace.indexer.place;
