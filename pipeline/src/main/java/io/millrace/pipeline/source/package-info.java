/** The source database, as far as more than one service looks at it. */
package io.millrace.pipeline.source;
