/** Documents in tables of a PostgreSQL, each generation a table behind a view. */
package io.millrace.indexer.table;
