package io.millrace.indexer.quarantine;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.millrace.pipeline.record.Headers;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.nio.charset.StandardCharsets;
import java.time.Instant;

/**
 * A document in quarantine, as it is told.
 *
 * @param place where it stands, {@code partition:offset}; the list goes on after it
 * @param index that refused it; null where the join set it aside
 * @param version below zero where it has none
 * @param asked whether it is to be replayed
 * @param replayable false where it can only be made anew by the join, or be discarded
 * @param characters of the document, where it was read
 * @param document its JSON, or as much of its beginning as was asked for; null in a list, and where it is a delete or never was a document
 */
@RegisterForReflection
@JsonInclude(JsonInclude.Include.NON_NULL)
public record ParkedView(String place, String id, String index, String reason, String detail, long version, Instant parked, boolean asked, boolean replayable, Integer characters, String document) {

    /** @param most so many characters of the document are told */
    static ParkedView of(Parked parked, boolean asked, int most) {
        var record = parked.record();
        var document = record.value() == null ? null : new String(record.value(), StandardCharsets.UTF_8);
        return new ParkedView(parked.place().name(), parked.id(), parked.index().isEmpty() ? null : parked.index(), Headers.text(record.headers(), Headers.REASON), Headers.text(record.headers(), Headers.DETAIL), parked.version(),
                Instant.ofEpochMilli(record.timestamp()), asked, parked.isReplayable(), document == null ? null : document.length(),
                document == null || document.length() <= most ? document : document.substring(0, most));
    }
}
