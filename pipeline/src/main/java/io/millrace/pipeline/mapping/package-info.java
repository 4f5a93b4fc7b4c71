/** How the search engine is to take documents. */
package io.millrace.pipeline.mapping;
