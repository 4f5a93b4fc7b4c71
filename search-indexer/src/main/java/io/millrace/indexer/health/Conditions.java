package io.millrace.indexer.health;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.inject.Singleton;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jboss.logging.Logger;

/** What currently keeps documents waiting, by the partition that waits. Thread-safe. */
@Singleton
public final class Conditions {

    private static final Logger LOG = Logger.getLogger(Conditions.class);

    private final Map<String, String> reasons = new ConcurrentHashMap<>();
    private final Map<String, String> notes = new ConcurrentHashMap<>();
    private final Map<String, String> warnings = new ConcurrentHashMap<>();

    Conditions(MeterRegistry meters) {
        Gauge.builder("millrace.partitions.waiting", reasons, Map::size).description("Partitions that do not advance; health says why")
                .tag("stage", "index").register(meters);
    }

    /** Says why this partition waits; logged when it is news. */
    public void waiting(String who, String reason) {
        if (!reason.equals(reasons.put(who, reason))) {
            LOG.warnf("%s waits: %s", who, reason);
        }
    }

    /** This partition goes on. */
    public void going(String who) {
        if (reasons.remove(who) != null) {
            LOG.infof("%s goes on", who);
        }
    }

    /** What is worth knowing of a pipeline though nothing is wrong; null where there is nothing any more. */
    public void note(String pipeline, String note) {
        put(notes, pipeline, note);
    }

    /** What somebody should know who asks how it goes, though documents flow; null where there is nothing any more. */
    public void warning(String about, String warning) {
        put(warnings, about, warning);
    }

    private static void put(Map<String, String> said, String about, String text) {
        if (text == null) {
            said.remove(about);
        } else if (!withoutNumbers(text).equals(withoutNumbers(said.put(about, text)))) {
            LOG.infof("%s: %s", about, text);
        }
    }

    /** A number that grows or falls is no news for the log. */
    private static String withoutNumbers(String note) {
        return note == null ? "" : note.replaceAll("\\d+", "");
    }

    Map<String, String> notes() {
        return new TreeMap<>(notes);
    }

    /** Empty where there are none. */
    String warnings() {
        return new TreeMap<>(warnings).entrySet().stream().map(warning -> warning.getKey() + ": " + warning.getValue()).collect(Collectors.joining("; "));
    }

    Map<String, String> reasons() {
        return new TreeMap<>(reasons);
    }
}
