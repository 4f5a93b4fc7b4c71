/** Which long-running threads of a process have ended unseen or are stuck: what a liveness probe asks. */
package io.millrace.pipeline.liveness;
