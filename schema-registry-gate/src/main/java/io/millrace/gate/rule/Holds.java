package io.millrace.gate.rule;

import io.millrace.gate.GateConfig;
import io.millrace.gate.Table;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.pipeline.topic.Topics;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;

/** Above which share of a table's rows a person is asked before they leave at once. Thread-safe. */
@ApplicationScoped
public class Holds {

    /** By {@link Table#name()}. */
    private final Map<String, Double> shares = new HashMap<>();

    Holds(GateConfig config) {
        for (var file : PipelineFiles.load(config.pipelines())) {
            var pipeline = file.pipeline();
            var tables = new HashSet<>(pipeline.tables().keySet());
            tables.add(pipeline.document().table());
            for (var table : tables) {
                var share = pipeline.hold(table);
                if (share != null) {
                    shares.merge(Topics.suffix(pipeline.source().name(), table), share, Math::min);
                }
            }
        }
    }

    /** From 0 to 1; 1 where nobody is to be asked. */
    public double of(Table table) {
        return shares.getOrDefault(table.name(), 1.0);
    }
}
