/** The partition of a subscribed look-up key: its rows, and which partitions are to hear of them. */
package io.millrace.denormalizer.join.home;
