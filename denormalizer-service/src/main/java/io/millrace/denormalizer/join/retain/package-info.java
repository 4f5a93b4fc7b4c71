/** Owns which documents are past their time: what the log has ordered, and what that means for a row. */
package io.millrace.denormalizer.join.retain;
