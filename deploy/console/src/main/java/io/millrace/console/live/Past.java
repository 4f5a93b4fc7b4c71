package io.millrace.console.live;

import io.millrace.pipeline.file.Pipeline;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.List;
import java.util.Objects;

/** The curves of a range: by what the console has seen itself where that goes back so far, else by what Prometheus has kept, if that is more. Thread-safe. */
@Singleton
class Past {

    /** The first look comes some seconds after the start, and the first point is dropped when the last comes. */
    private static final Duration ABOUT = Duration.ofMinutes(1);
    private static final int PART = 10;
    /** Scrapes are a minute apart by default, and one may be missing. */
    private static final Duration LATE = Duration.ofMinutes(3);
    private static final int LATE_STEPS = 2;

    private final Recorder recorder;
    private final Prometheus prometheus;

    Past(Recorder recorder, Prometheus prometheus) {
        this.recorder = recorder;
        this.prometheus = prometheus;
    }

    /**
     * @param pipeline null for all together
     * @param range null for all that the console has seen itself, which comes at once
     */
    HistoryView over(Pipeline pipeline, Range range) throws InterruptedException {
        var own = recorder.view(pipeline);
        if (!prometheus.isConfigured()) {
            return own;
        }
        if (range == null || own.since() != null && own.since() <= System.currentTimeMillis() - range.length().minus(about(range)).toMillis()) {
            return own.beside(true, null);
        }
        return better(own, prometheus.curves(pipeline, range));
    }

    private static Duration about(Range range) {
        var part = range.length().dividedBy(PART);
        return part.compareTo(ABOUT) < 0 ? part : ABOUT;
    }

    /** Whatever tells of the longer time; where Prometheus lacks what the console has, that is said. */
    static HistoryView better(HistoryView own, Curves kept) {
        var first = kept.first();
        if (first == null) {
            return own.beside(true, kept.trouble() != null ? kept.trouble() : "Prometheus has no figures of this over this time; where that is not because it is new, Prometheus has to scrape the services' /q/metrics, and to have the labels that the console asks for");
        }
        if (own.since() == null) {
            return kept.with(own, kept.trouble());
        }
        if (first >= own.since()) {
            return own.beside(true, kept.trouble() != null ? kept.trouble() : "Prometheus has less of this than the console");
        }
        var behind = behind(own, kept);
        if (behind.isEmpty()) {
            return kept.with(own, kept.trouble());
        }
        var trouble = kept.trouble() != null ? kept.trouble() : "Prometheus lacks what the console has seen of late of " + String.join(", ", behind) + "; it may not scrape every service";
        var ends = behind.stream().map(kept::last).filter(Objects::nonNull).min(Long::compare);
        return ends.isPresent() && ends.get() - first < own.at().getLast() - own.since() ? own.beside(true, trouble) : kept.with(own, trouble);
    }

    /** Figures that end earlier than what the console knows of them. */
    private static List<String> behind(HistoryView own, Curves kept) {
        long to = kept.grid().last() * 1_000;
        long late = Math.max(LATE.toMillis(), LATE_STEPS * kept.grid().step() * 1_000);
        return History.NAMES.stream().filter(name -> own.last(name, to) != null && (kept.last(name) == null || own.last(name, to) - kept.last(name) > late)).toList();
    }
}
