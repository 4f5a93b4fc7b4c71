package io.millrace.console.live;

import io.millrace.console.Pipelines;
import io.millrace.console.manage.ManageResource;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.RetentionRule;
import io.millrace.pipeline.topic.Topics;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import java.util.List;
import org.jboss.resteasy.reactive.RestQuery;

/** What goes on, now and as it changes. */
@Path("/api")
public class LiveResource {

    private final Watch watch;
    private final Past past;
    private final Pipelines pipelines;

    LiveResource(Watch watch, Past past, Pipelines pipelines) {
        this.watch = watch;
        this.past = past;
        this.pipelines = pipelines;
    }

    /** @param label by which gate, registry and metrics know it */
    public record TableView(String name, String label) {}

    /**
     * @param subjects names of those who can be erased from its source
     * @param manage whether the demo's manage page can be shown for it
     * @param store where its documents go: {@code opensearch}, or {@code postgres} for a table behind the view that {@code index} names
     * @param target seconds that one change in a hundred may take from its commit to the index
     * @param retention for a person to read, when its documents leave by time; empty where none does
     * @param shape of its documents
     */
    public record PipelineView(String name, String index, String source, String root, List<TableView> tables, List<String> subjects, boolean manage, String store, double target, List<String> retention, Branch shape) {}

    @GET
    @Path("pipelines")
    @RunOnVirtualThread
    public List<PipelineView> pipelines() {
        return pipelines.all().stream().map(p -> new PipelineView(p.name(), p.index().name(), p.source().name(), p.document().table().toString(),
                p.tableNames().stream().map(t -> new TableView(t.toString(), Topics.suffix(p.source().name(), t))).toList(), List.copyOf(p.subjects().keySet()), ManageResource.isAsked(p), p.target().word(), PipelineFigures.target(p), retention(p), Branch.of(p.document()))).toList();
    }

    private static List<String> retention(Pipeline pipeline) {
        return pipeline.retention() == null ? List.of() : pipeline.retention().rules().stream().map(RetentionRule::text).toList();
    }

    /** How each pipeline is now. */
    @GET
    @Path("figures")
    @RunOnVirtualThread
    public List<PipelineFigures> figures() throws InterruptedException {
        return watch.figures();
    }

    /** @param pipeline whose figures are wanted; all where none is named */
    @GET
    @Path("live")
    @RunOnVirtualThread
    public LiveView live(@RestQuery String pipeline) throws InterruptedException {
        return watch.look(wanted(pipeline));
    }

    /**
     * What was seen over the last hours, a point each ten seconds; where a Prometheus is configured, of longer too, with points further apart.
     *
     * @param pipeline whose figures are wanted; all where none is named
     * @param range seconds that the figures go back; where none are named, as far as the console has seen itself
     */
    @GET
    @Path("history")
    @RunOnVirtualThread
    public HistoryView history(@RestQuery String pipeline, @RestQuery Long range) throws InterruptedException {
        return past.over(wanted(pipeline), range == null ? null : Range.of(range));
    }

    private Pipeline wanted(String pipeline) {
        return pipeline == null || pipeline.isEmpty() ? null : pipelines.named(pipeline);
    }
}
