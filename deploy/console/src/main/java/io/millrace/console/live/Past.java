package io.millrace.console.live;

import io.millrace.pipeline.file.Pipeline;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The curves of a range: by what the console has seen itself where that goes back so far, else by what Prometheus has kept. Thread-safe. */
@Singleton
class Past {

    /** The first look comes some seconds after the start, and the first point is dropped when the last comes. */
    private static final Duration ABOUT = Duration.ofMinutes(1);

    private final Recorder recorder;
    private final Prometheus prometheus;

    Past(Recorder recorder, Prometheus prometheus) {
        this.recorder = recorder;
        this.prometheus = prometheus;
    }

    /**
     * @param pipeline null for all together
     * @param range null for all that the console has seen itself
     */
    HistoryView over(Pipeline pipeline, Range range) throws InterruptedException {
        var own = recorder.view(pipeline);
        if (!prometheus.isConfigured() || range == null) {
            return own;
        }
        if (own.since() != null && own.since() <= System.currentTimeMillis() - range.length().minus(ABOUT).toMillis()) {
            return own.beside(true, null);
        }
        var answer = prometheus.curves(pipeline, range);
        return answer.trouble() != null ? own.beside(true, answer.trouble()) : new HistoryView(answer.grid().millis(), figures(answer), own.marks(), own.since(), (int) answer.grid().step(), HistoryView.PROMETHEUS, true, null);
    }

    private static Map<String, List<Float>> figures(Prometheus.Answer answer) {
        var figures = new LinkedHashMap<String, List<Float>>();
        for (var name : History.NAMES) {
            var known = answer.curves().get(name);
            var values = new ArrayList<Float>(answer.grid().points());
            for (int i = 0; i < answer.grid().points(); i++) {
                values.add(known == null || Float.isNaN(known[i]) ? null : Float.valueOf(known[i]));
            }
            figures.put(name, values);
        }
        return figures;
    }
}
