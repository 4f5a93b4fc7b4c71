/** How numbers are told to people, the same in every service and command. */
package io.millrace.pipeline.wording;
