/** Reads rows and sends each to where it belongs, and takes it back from where it belonged before. */
package io.millrace.denormalizer.join.route;
