/** Renders a stored document and sends it out, or deletes it, or sets it aside. */
package io.millrace.denormalizer.join.render;
