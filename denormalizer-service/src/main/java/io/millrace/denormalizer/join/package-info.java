/** The topology of one pipeline's join, and the processor that hands out the records of its exchange. */
package io.millrace.denormalizer.join;
