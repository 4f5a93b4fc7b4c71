/** How the servers that speak HTTP are reached: by which certificates, and as whom. */
package io.millrace.pipeline.http;
