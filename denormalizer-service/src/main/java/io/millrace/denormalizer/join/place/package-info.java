/** Finds the document of rows that know only their parent. */
package io.millrace.denormalizer.join.place;
