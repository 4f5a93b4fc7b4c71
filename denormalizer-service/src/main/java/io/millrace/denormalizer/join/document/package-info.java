/** What is stored of the documents: heads, rows of arrays, and what each refers to. */
package io.millrace.denormalizer.join.document;
