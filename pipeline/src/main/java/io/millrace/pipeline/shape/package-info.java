/** The shape of documents as it is kept beside the state of a join, and what another file of the same pipeline means for it. */
package io.millrace.pipeline.shape;
