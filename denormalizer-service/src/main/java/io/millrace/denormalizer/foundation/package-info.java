/** What a join stands on: topics that fit each other, offsets and state that are whole, tables that have been read. */
package io.millrace.denormalizer.foundation;
