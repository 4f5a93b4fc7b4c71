/** What travels between the stages of the join, with the change that it travels for. */
package io.millrace.denormalizer.join.message;
