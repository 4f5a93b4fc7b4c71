/** What of documents not everybody may see. */
package io.millrace.pipeline.privacy;
