package io.millrace.pipeline.file;

import java.util.List;

/** How rows of another table belong to a row. */
public sealed interface Relation permits One, Many {

    /** The member of the document's object that holds what is related. */
    String name();

    /**
     * The columns that must be equal; {@code join} in the file, since YAML 1.1 reads a bare {@code on} as true. For {@link Many} with a link table, those between the row and the link's row.
     */
    List<Join> on();

    /** What is taken of the related rows. */
    Node node();
}
