package io.millrace.indexer.trace;

import io.millrace.indexer.Pipelines;
import io.millrace.indexer.measure.BulkTimes;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.Position;
import io.millrace.pipeline.topic.Topics;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.NotFoundException;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.core.Response;
import java.util.ArrayList;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;

/** Where a document's last change spent its time, by the headers of its record and by the bulk that took it: no trace backend is asked. */
@Path("/pipelines/{pipeline}/documents/{id}/trace")
@RunOnVirtualThread
public class DocumentTraces {

    private static final long NONE = Long.MIN_VALUE;

    private final Pipelines pipelines;
    private final LastRecord records;
    private final BulkTimes bulks;

    DocumentTraces(Pipelines pipelines, LastRecord records, BulkTimes bulks) {
        this.pipelines = pipelines;
        this.records = records;
        this.bulks = bulks;
    }

    @GET
    public DocumentTrace trace(@PathParam("pipeline") String name, @PathParam("id") String id) throws InterruptedException {
        var pipeline = pipelines.all().stream().filter(p -> p.name().equals(name)).findFirst().orElseThrow(() -> new NotFoundException(
                "There is no pipeline " + name + " here; there are " + pipelines.all().stream().map(Pipeline::name).collect(Collectors.joining(", "))));
        var record = records.of(Topics.documents(name), id);
        if (record == null) {
            throw new NotFoundException("The topic " + Topics.documents(name) + " has no record of the document " + id + ": it never was, or its delete is long compacted away");
        }
        return trace(pipeline, id, record);
    }

    private DocumentTrace trace(Pipeline pipeline, String id, ConsumerRecord<byte[], byte[]> record) {
        var hops = new ArrayList<Hop>();
        var notes = new ArrayList<String>();
        add(hops, record, "postgres", "committed", Headers.COMMITTED);
        add(hops, record, "capture", "handed to Kafka", Headers.CAPTURED);
        add(hops, record, "gate", "passed", Headers.GATED);
        add(hops, record, "join", "joined into the document", Headers.JOINED);
        if (hops.size() < 2) {
            notes.add("The first build made this document from all of its rows; no single change did, so the way begins at the join");
        }
        var bulk = bulks.of(new TopicPartition(record.topic(), record.partition()), record.offset());
        if (bulk == null) {
            notes.add("When it was indexed is not known here: this indexer has not written that batch since it started, or has forgotten it, or has not come to it yet");
        } else {
            add(hops, "index", "sent in a bulk of offsets " + bulk.first() + " to " + bulk.last(), bulk.sentMicros());
            add(hops, "index", "answered by the index", bulk.answeredMicros());
            if (bulk.foundMicros() > 0) {
                add(hops, "search", record.value() == null ? "gone from searches" : "found by a search", bulk.foundMicros());
            } else {
                notes.add("No search has shown it yet, as far as this indexer looked; ask again after a refresh interval (" + pipeline.index().refresh().toMillis() + " ms)"
                        + (record.value() == null ? ". That a document is gone shows with the next one that is written" : ""));
            }
        }
        if (hops.stream().anyMatch(h -> h.tookMicros() < 0)) {
            notes.add("A step took less than no time: the clocks of two stages disagree by at least that much");
        }
        var version = Headers.number(record.headers(), Headers.VERSION, NONE);
        var position = Headers.bytes(record.headers(), Headers.POSITION);
        return new DocumentTrace(pipeline.name(), id, record.topic(), record.partition(), record.offset(), record.value() == null,
                version == NONE ? null : Position.lsnText(version), position == null ? null : Position.of(position).toString(),
                Headers.text(record.headers(), Headers.TRACEPARENT), hops, notes);
    }

    private static void add(ArrayList<Hop> hops, ConsumerRecord<byte[], byte[]> record, String stage, String done, String header) {
        long at = Headers.number(record.headers(), header, NONE);
        if (at > 0) {
            add(hops, stage, done, at);
        }
    }

    private static void add(ArrayList<Hop> hops, String stage, String done, long at) {
        hops.add(new Hop(stage, done, at, hops.isEmpty() ? 0 : at - hops.getLast().atMicros()));
    }

    @ServerExceptionMapper
    Response unknown(NotFoundException e) {
        return Response.status(Response.Status.NOT_FOUND).entity(Map.of("message", e.getMessage())).build();
    }

    @ServerExceptionMapper
    Response away(KafkaException e) {
        return Response.status(Response.Status.SERVICE_UNAVAILABLE).entity(Map.of("message", "Reading the document's topic failed: " + e.getMessage())).build();
    }
}
