/** A first look at an index: words, exact values, facets and order, as the search engine's own query. */
package io.millrace.launcher.search;
