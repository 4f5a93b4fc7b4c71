/** How somebody who is erased is known without being named. */
package io.millrace.pipeline.subject;
