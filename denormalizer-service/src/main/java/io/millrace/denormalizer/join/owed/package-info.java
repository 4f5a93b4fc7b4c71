/** The ways in which documents come to be owed: who owes which, for which change, since which record, and what it waits for. */
package io.millrace.denormalizer.join.owed;
