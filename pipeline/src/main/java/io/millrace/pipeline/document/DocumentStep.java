package io.millrace.pipeline.document;

/**
 * Code of a user's that sees each finished document of a pipeline before it is written: a CDI bean (for example
 * {@code @ApplicationScoped}) in a jar that is built into the denormalizer; its README says how.
 *
 * <p>The result must follow from the document alone: the same document is given again after a restart, a replay or a
 * rebuild, and must become the same. What a step leaves out or adds has the version of the document that it was given.
 * Several stream threads call a step at once.
 */
public interface DocumentStep {

    /**
     * The state of this step's code, such as {@code "2"}: when it changes, what it made before is no longer what it would
     * make, so the pipeline asks for a new generation, as for a change of the document's shape. Letters, digits, dots and
     * hyphens.
     */
    String version();

    /** Whether this step has to do with the documents of a pipeline; asked once, before the first. */
    default boolean appliesTo(String pipeline) {
        return true;
    }

    /**
     * Looks at one document. What it throws sets the document aside in quarantine, with the exception's message as the
     * reason; the index keeps the document's last good state and the stream goes on.
     *
     * @return the document to write: the same one, one with other JSON, or null for none, which deletes it from the index
     * @throws Exception for whatever reason
     */
    Document apply(Document document) throws Exception;

    /**
     * A finished document.
     *
     * @param pipeline the pipeline that it belongs to
     * @param id its id in the index
     * @param json a JSON object as text; of a document that is given, in canonical form. What a step returns is put in
     *        that form again
     */
    record Document(String pipeline, String id, String json) {

        /** This document with other content. */
        public Document with(String otherJson) {
            return new Document(pipeline, id, otherJson);
        }
    }
}
