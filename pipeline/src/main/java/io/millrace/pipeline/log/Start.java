package io.millrace.pipeline.log;

/** What came of asking where to begin with a partition. Each decision is an instance of its own: another one means to begin again. */
public sealed interface Start {

    /** Reading begins at an offset. */
    final class From implements Start {
        private final long offset;

        From(long offset) {
            this.offset = offset;
        }

        public long offset() {
            return offset;
        }
    }

    /** Nothing may be read before a person has decided. */
    final class Held implements Start {
        private final Gap gap;
        private final long since;

        Held(Gap gap, long since) {
            this.gap = gap;
            this.since = since;
        }

        public Gap gap() {
            return gap;
        }

        /** When it was found, in milliseconds since 1970. */
        public long since() {
            return since;
        }
    }

    /** The partition is not there, and nobody remembers that it ever was. */
    final class Absent implements Start {
        Absent() {}
    }
}
