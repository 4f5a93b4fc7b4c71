package io.millrace.purge.verification;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonValue;
import io.millrace.pipeline.comparison.Differences.Difference;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;

/**
 * A document that differs for good.
 *
 * @param fields how many places differ; 0 where one side has no document
 * @param first the first of them; null where nothing is told of the content
 * @param repair what became of it: null where none was asked for
 */
@RegisterForReflection
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Found(String id, Kind kind, int fields, List<Difference> first, Repair repair) {

    /** What became of a repair. */
    public enum Repair {
        /** It agrees now. */
        REPAIRED,
        /** It was emitted anew, and differs still. */
        FAILED,
        /** It was not emitted anew. */
        NONE;

        @JsonValue
        public String text() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** The same with each of its places told otherwise. */
    Found with(UnaryOperator<Difference> told) {
        return new Found(id, kind, fields, first == null ? null : first.stream().map(told).toList(), repair);
    }

    Found with(Repair outcome) {
        return new Found(id, kind, fields, first, outcome);
    }
}
