package io.millrace.pipeline.file;

import java.util.Map;
import java.util.function.BiConsumer;

/** Dates under {@code index.mappings} and {@code index.templates}: ways to read them by which the search engine takes a date that there is not for another one, and nobody is told. */
final class DateFormats {

    /** Formats that take 2026-02-30 for a day in March or the last one in February, and the hour 24 for the next day, with those that mean the same and do not; as OpenSearch 3 reads each that has a name. */
    static final Map<String, String> LENIENT = Map.of("strict_date", "strict_year_month_day", "strict_date_hour", "date_hour", "strict_date_hour_minute", "date_hour_minute", "strict_date_hour_minute_second", "date_hour_minute_second");

    private DateFormats() {}

    /** @param problem is told the path in the file and what is wrong there */
    static void refuse(Index index, BiConsumer<String, String> problem) {
        index.mappings().forEach((field, mapping) -> refuse("index.mappings." + field, mapping, problem));
        for (int i = 0; i < index.templates().size(); i++) {
            refuse("index.templates[" + i + "]", index.templates().get(i), problem);
        }
    }

    private static void refuse(String at, Object said, BiConsumer<String, String> problem) {
        if (said instanceof Map<?, ?> map) {
            if ("date".equals(map.get("type")) || "date_nanos".equals(map.get("type"))) {
                refuseFormat(at, map.get("format"), problem);
            }
            map.forEach((key, value) -> refuse(at + "." + key, value, problem));
        }
    }

    private static void refuseFormat(String at, Object format, BiConsumer<String, String> problem) {
        if (format == null) {
            problem.accept(at, "a date needs its format here: without one the search engine takes a text of digits, such as 20260131, for milliseconds since 1970; write format: strict_date_optional_time, or epoch_millis where that is meant");
            return;
        }
        for (var one : format.toString().split("\\|\\|")) {
            if (LENIENT.containsKey(one.strip())) {
                problem.accept(at + ".format", "the search engine takes dates that there are not by the format " + one.strip() + ", such as 2026-02-30 for another day; write " + LENIENT.get(one.strip()));
            }
        }
    }
}
