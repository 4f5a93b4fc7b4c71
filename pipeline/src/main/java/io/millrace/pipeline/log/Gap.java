package io.millrace.pipeline.log;

import java.time.Duration;
import java.time.Instant;

/** Why an offset cannot be gone on from: what was between it and the log that is there now may be missing downstream. */
public sealed interface Gap {

    /** What happened, as a sentence without its end. */
    String what();

    /** Records were removed before they were read. */
    record Expired(long from, long to) implements Gap {
        @Override
        public String what() {
            return "the records from offset " + from + " to " + (to - 1) + " were removed before they were read (their retention is over, or they were deleted)";
        }
    }

    /** The log ends before what was read of it: Kafka came back from an older copy, or lost what it had acknowledged. */
    record Beyond(long read, long end) implements Gap {
        @Override
        public String what() {
            return "it was read up to offset " + read + " and ends at " + end + ": Kafka, or this topic, came back from an older copy, or a replica that lacked records became leader";
        }
    }

    /** The topic was deleted and made anew. */
    record OtherTopic(String was, String is, long read) implements Gap {
        @Override
        public String what() {
            return "the topic was deleted and made anew (its id was " + was + " and is " + is + "); the old one was read up to offset " + read;
        }
    }

    /** The same name in another Kafka. */
    record OtherCluster(String was, String is, long read) implements Gap {
        @Override
        public String what() {
            return "this is another Kafka (its cluster id was " + was + " and is " + is + "); the topic in the old one was read up to offset " + read;
        }
    }

    /** The topic is not there any more. */
    record Gone(long read) implements Gap {
        @Override
        public String what() {
            return "the topic is not there any more; it was read up to offset " + read;
        }
    }

    /** Deletions may have been compacted away before they were read. */
    record Stale(long read, long end, Instant wholeAt, Duration kept) implements Gap {
        @Override
        public String what() {
            return "it was last read to its end at " + wholeAt + " (up to offset " + read + " of " + end + "), and its deletions are kept for " + kept
                    + " only: those that came since then may have been compacted away before they were read";
        }
    }
}
