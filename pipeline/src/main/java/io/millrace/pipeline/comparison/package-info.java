/** Whether two documents are the same, and where they part. Shares no line with what writes documents, so that one can be held against the other. */
package io.millrace.pipeline.comparison;
