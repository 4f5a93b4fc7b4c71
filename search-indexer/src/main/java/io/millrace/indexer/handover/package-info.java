/** Which index of a pipeline readers see: another one made of the same documents takes its place, and gives it back. */
package io.millrace.indexer.handover;
