/** How a service reaches the schema registry. */
package io.millrace.pipeline.registry;
