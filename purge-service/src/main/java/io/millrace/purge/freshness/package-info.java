/** Whether an index has reached a position of the source's log: the way of a change, followed by offsets from stage to stage. */
package io.millrace.purge.freshness;
