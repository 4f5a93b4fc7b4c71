/** What every owner of stored state builds on: the stores and their kinds of keys, images of what was announced, floors, stubs, and the clock of the commits. */
package io.millrace.denormalizer.join.state;
