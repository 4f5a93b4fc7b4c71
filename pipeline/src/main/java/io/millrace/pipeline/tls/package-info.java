/** What connections by TLS fail of. */
package io.millrace.pipeline.tls;
