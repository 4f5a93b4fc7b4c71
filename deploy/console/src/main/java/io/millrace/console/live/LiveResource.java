package io.millrace.console.live;

import io.millrace.console.Pipelines;
import io.millrace.pipeline.file.Pipeline;
import io.smallrye.common.annotation.RunOnVirtualThread;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.infrastructure.Infrastructure;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.time.Duration;
import java.util.List;
import org.jboss.resteasy.reactive.RestQuery;
import org.jboss.resteasy.reactive.RestStreamElementType;

/** What goes on, now and as it changes. */
@Path("/api")
public class LiveResource {

    private static final Duration PACE = Duration.ofSeconds(1);

    private final Watch watch;
    private final Pipelines pipelines;

    LiveResource(Watch watch, Pipelines pipelines) {
        this.watch = watch;
        this.pipelines = pipelines;
    }

    /**
     * @param subjects names of those who can be erased from its source
     * @param manage whether the demo's manage page can be shown for it
     */
    public record PipelineView(String name, String index, String source, String root, List<String> tables, List<String> subjects, boolean manage) {}

    @GET
    @Path("pipelines")
    @RunOnVirtualThread
    public List<PipelineView> pipelines() {
        return pipelines.all().stream().map(p -> new PipelineView(p.name(), p.index().name(), p.source().name(), p.document().table().toString(),
                p.tableNames().stream().map(Object::toString).toList(), List.copyOf(p.subjects().keySet()), p.document().table().toString().equals("public.monitor"))).toList();
    }

    /** @param pipeline whose figures are wanted; all where none is named */
    @GET
    @Path("live")
    @Produces(MediaType.SERVER_SENT_EVENTS)
    @RestStreamElementType(MediaType.APPLICATION_JSON)
    public Multi<LiveView> live(@RestQuery String pipeline) {
        var wanted = pipeline == null || pipeline.isEmpty() ? null : pipelines.named(pipeline);
        return Multi.createFrom().ticks().every(PACE).onOverflow().drop()
                .emitOn(Infrastructure.getDefaultWorkerPool()).map(tick -> look(wanted));
    }

    private LiveView look(Pipeline pipeline) {
        try {
            return watch.look(pipeline);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("The console stops", e);
        }
    }
}
