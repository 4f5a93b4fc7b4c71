package io.millrace.pipeline.shape;

import java.util.List;

/** One difference between the documents that a join's state was built for and those that a file describes. */
public sealed interface ShapeChange {

    /** The path in the file, such as {@code document.one.team.fields[2]}. */
    String at();

    /** Whether the join does it to the documents that are there. */
    default boolean isInPlace() {
        return true;
    }

    /** What follows from it, as a sentence without its full stop. */
    String says();

    /**
     * A field that the join adds to the documents that are there.
     *
     * @param object the names of the relations from the root to the object whose member it is; empty for the root's
     */
    record Added(String at, List<String> object, String name) implements ShapeChange {
        @Override
        public String says() {
            return "in place: '" + name + "' is added, of columns that the join's rows have, and the documents that show it are written anew";
        }
    }

    /**
     * A field that was added so, and is taken out again.
     *
     * @param object as above
     */
    record Withdrawn(String at, List<String> object, String name) implements ShapeChange {
        @Override
        public String says() {
            return "in place: '" + name + "', which was added in place, is taken out again, and the documents that showed it are written anew; the index keeps its mapping";
        }
    }

    /** A field that the state was built with and that the file does not have. */
    record Gone(String at, String name) implements ShapeChange {
        @Override
        public String says() {
            return new Other(at, "'" + name + "' is gone from the file, and readers of the index may use it; leave it there").says();
        }

        @Override
        public boolean isInPlace() {
            return false;
        }
    }

    /** Anything else: the state cannot become that of the file. */
    record Other(String at, String because) implements ShapeChange {
        @Override
        public String says() {
            return "a later generation is needed, because " + because;
        }

        @Override
        public boolean isInPlace() {
            return false;
        }
    }

    /** What a person does where a later generation is needed. */
    static String advice(String pipeline, String index) {
        return "Put that back, and describe the new shape in a second file under a new name with 'replaces: [" + pipeline + "]' and index.name " + index
                + ", which is built beside this one and takes over when it is whole: ./millrace apply --regions FILE, with both files in it";
    }
}
