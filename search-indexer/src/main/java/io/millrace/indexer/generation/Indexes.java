package io.millrace.indexer.generation;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import jakarta.inject.Singleton;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** Finds the indexes of an alias. Thread-safe. */
@Singleton
final class Indexes {

    static final String PIPELINE = "pipeline";
    static final String REPLACES = "replaces";

    private final Engine engine;

    Indexes(Engine engine) {
        this.engine = engine;
    }

    /**
     * The indexes {@code <alias>-<six digits>}, and whatever else has the alias, as they are at one moment; the newest first.
     *
     * @throws SearchAwayException when the search engine does not tell
     */
    List<IndexState> of(String alias) {
        var named = Pattern.compile(Pattern.quote(alias) + "-(\\d{6})");
        var answer = engine.send("GET", "/" + alias + "," + alias + "-*?expand_wildcards=all&ignore_unavailable=true&flat_settings=true", null);
        if (!answer.ok()) {
            throw new SearchAwayException("Looking for the indexes behind " + alias + " failed: " + answer.reason());
        }
        var there = new ArrayList<IndexState>();
        answer.body().properties().forEach(e -> {
            var matcher = named.matcher(e.getKey());
            var aliases = names(e.getValue().path("aliases"));
            if (e.getKey().equals(alias)) {
                throw new SearchAwayException("The search engine has an index named " + alias + ", where the pipeline needs an alias of that name; delete or reindex it, or give the pipeline another index.name");
            } else if (matcher.matches()) {
                var settings = e.getValue().path("settings");
                var meta = e.getValue().path("mappings").path("_meta");
                var replaces = meta.path(REPLACES).valueStream().map(JsonNode::asText).toList();
                there.add(new IndexState(e.getKey(), Integer.parseInt(matcher.group(1)), settings.path("index.uuid").asText(""), settings.path("index.history.uuid").asText(""), Instant.ofEpochMilli(settings.path("index.creation_date").asLong()), meta.path(PIPELINE).asText(""), replaces, aliases.contains(alias), aliases, "", settings));
            } else if (aliases.contains(alias)) {
                there.add(new IndexState(e.getKey(), 0, "", "", Instant.EPOCH, "", List.of(), true, aliases, "", JsonNodeFactory.instance.objectNode()));
            }
        });
        there.sort(Comparator.comparingInt(IndexState::number).reversed());
        return there;
    }

    private static Set<String> names(JsonNode aliases) {
        var names = new TreeSet<String>();
        aliases.fieldNames().forEachRemaining(names::add);
        return names;
    }
}
