/** What a join tells the world of itself: meters and traces. */
package io.millrace.denormalizer.join.measure;
