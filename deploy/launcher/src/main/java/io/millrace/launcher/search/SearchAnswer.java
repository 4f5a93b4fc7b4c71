package io.millrace.launcher.search;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.pipeline.wording.Counted;
import java.io.PrintWriter;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

/** What a search found, for people. */
public final class SearchAnswer {

    private static final int LONGEST = 160;

    private SearchAnswer() {}

    /** @param facets in the order in which they were asked for */
    public static void print(JsonNode answer, List<String> facets, PrintWriter out) {
        out.printf("%s, found in %,d ms%n", Counted.of(answer.path("hits").path("total").path("value").asLong(), "document"), answer.path("took").asLong());
        for (var facet : facets) {
            var counted = answer.path("aggregations").path(facet);
            var values = counted.has("rows") ? counted.path("rows") : counted;
            out.printf("  %s: %s%s%n", facet, StreamSupport.stream(values.path("buckets").spliterator(), false).map(SearchAnswer::value).collect(Collectors.joining(", ")),
                    values.path("sum_other_doc_count").asLong() > 0 ? ", and more" : "");
        }
        answer.path("hits").path("hits").forEach(hit -> out.printf("%s  %s%n", hit.path("_id").asText(), shortened(hit.path("_source").toString())));
    }

    private static String value(JsonNode bucket) {
        var name = bucket.path("key_as_string").asText(bucket.path("key").asText());
        return "%s %,d".formatted(name, bucket.has("documents") ? bucket.path("documents").path("doc_count").asLong() : bucket.path("doc_count").asLong());
    }

    private static String shortened(String text) {
        return text.length() <= LONGEST ? text : text.substring(0, LONGEST - 1) + "…";
    }
}
