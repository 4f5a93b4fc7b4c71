package io.millrace.pipeline.file;

import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.PositiveOrZero;
import java.util.List;

/**
 * What the values of one column must keep to, beyond what its type says. Null breaks {@code notNull} only.
 *
 * @param column its name in the catalog
 * @param notNull whether null is a breach
 * @param min the least that a number, date or timestamp may be; null for no bound. Dates and timestamps in ISO 8601
 * @param max the most
 * @param pattern a {@link java.util.regex.Pattern} that a text must match as a whole; null for any
 * @param oneOf the texts or whole numbers that are allowed; empty for any. {@code enum} in the file
 * @param maxLength the most characters of a text, or bytes of a {@code bytea}; null for any number
 * @param breach what happens to a row that breaks it
 */
public record RowRule(
        @NotBlank String column,
        boolean notNull,
        String min,
        String max,
        String pattern,
        List<String> oneOf,
        @PositiveOrZero Integer maxLength,
        @NotNull Breach breach) {

    /** What happens to a row that breaks a rule. */
    public enum Breach {
        /** It parks its table, as a record does that cannot be read. */
        QUARANTINE,
        /** It passes and is counted. */
        COUNT
    }
}
