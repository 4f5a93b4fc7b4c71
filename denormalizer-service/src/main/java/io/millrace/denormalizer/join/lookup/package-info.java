/** The rows of look-up tables, broadcast or subscribed to, by the keys that documents look for. */
package io.millrace.denormalizer.join.lookup;
