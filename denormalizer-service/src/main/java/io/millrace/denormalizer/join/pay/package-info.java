/** Emits documents, those that a record leads to at once and those that are owed in pieces, and says in Kafka whether any are left. */
package io.millrace.denormalizer.join.pay;
