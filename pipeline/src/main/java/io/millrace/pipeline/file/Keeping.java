package io.millrace.pipeline.file;

import java.time.Duration;

/**
 * For how long Kafka keeps what a stage has not read. Who is away for longer finds that something is missing, and has to be recovered.
 *
 * @param captured every record between capture and gate
 * @param deletions in the topics of rows and documents, whose other records stay
 * @param refused copies of documents that could not be built or indexed
 */
public record Keeping(Duration captured, Duration deletions, Duration refused) {

    public static final Keeping DEFAULT = new Keeping(Duration.ofDays(3), Duration.ofDays(7), Duration.ofDays(30));
}
