package io.millrace.indexer.reconcile;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.indexer.IndexerConfig;
import io.millrace.indexer.SearchClients;
import io.millrace.indexer.generation.Generation;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.topic.Topics;
import io.smallrye.common.annotation.Identifier;
import jakarta.inject.Singleton;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.opensearch.client.opensearch.generic.Body;
import org.opensearch.client.opensearch.generic.Request;
import org.opensearch.client.opensearch.generic.Requests;
import org.jboss.logging.Logger;

/**
 * Deletes from an index each document whose key is nowhere in the topic: the delete that would have said so was compacted away
 * before it was read. What is in the topic is the lanes' work, deletes included.
 *
 * <p>The ids are read before the keys, so that a document that is made meanwhile is no orphan; and a document that is written
 * meanwhile is not deleted, because its sequence number is another one. Memory is bounded, what is large is on disk.
 */
@Singleton
public final class Reconciliation {

    private static final Logger LOG = Logger.getLogger(Reconciliation.class);
    private static final int PAGE = 2_000;
    private static final String KEEP = "5m";
    private static final Duration POLL = Duration.ofMillis(500);
    private static final Map<String, Object> IDS = Map.of("size", PAGE, "_source", false, "seq_no_primary_term", true, "sort", List.of("_doc"));

    private final SearchClients search;
    private final ObjectMapper json;
    private final IndexerConfig config;
    private final Map<String, Object> kafka;

    Reconciliation(SearchClients search, ObjectMapper json, IndexerConfig config, @Identifier("default-kafka-broker") Map<String, Object> kafka) {
        this.search = search;
        this.json = json;
        this.config = config;
        this.kafka = kafka;
    }

    /**
     * Does it.
     *
     * @param loop of the calling thread
     * @return how many documents were deleted
     * @throws IndexGoneMeanwhileException when it cannot be written any more by its alias; it may be begun again once the partitions were opened anew
     * @throws IOException when the search engine or the disk fails; it may be begun again
     */
    public long run(Pipeline pipeline, Generation generation, Loop loop) throws IOException {
        var topic = Topics.documents(pipeline.name());
        LOG.infof("The index %s is reconciled with the keys of %s", generation.index(), topic);
        try (var buckets = new Buckets(config.scratch().orElse(null))) {
            ids(generation, buckets, loop);
            keys(topic, buckets, loop);
            var deleted = new Deleted(generation, loop);
            buckets.orphans(deleted::add);
            deleted.flush();
            LOG.infof("The index %s is reconciled with the keys of %s: %d documents deleted", generation.index(), topic, deleted.count);
            return deleted.count;
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    private void ids(Generation generation, Buckets buckets, Loop loop) throws IOException {
        send("POST", "/" + generation.index() + "/_refresh", null);
        var page = send("POST", "/" + generation.index() + "/_search?scroll=" + KEEP, json.writeValueAsBytes(IDS));
        while (!page.path("hits").path("hits").isEmpty()) {
            loop.waits(config.requestTimeout());
            for (var hit : page.path("hits").path("hits")) {
                buckets.id(new Buckets.Known(hit.path("_id").asText(), hit.path("_seq_no").asLong(), hit.path("_primary_term").asLong()));
            }
            page = send("POST", "/_search/scroll", json.writeValueAsBytes(Map.of("scroll", KEEP, "scroll_id", page.path("_scroll_id").asText())));
        }
        send("DELETE", "/_search/scroll", json.writeValueAsBytes(Map.of("scroll_id", page.path("_scroll_id").asText())));
    }

    /** Up to the end as it is when it is reached: what was compacted away behind the reader stands further on. */
    private void keys(String topic, Buckets buckets, Loop loop) throws IOException {
        var settings = new HashMap<>(kafka);
        settings.remove(ConsumerConfig.GROUP_ID_CONFIG);
        settings.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        settings.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        try (var consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            loop.waits(config.requestTimeout());
            var partitions = consumer.partitionsFor(topic).stream().map(p -> new TopicPartition(topic, p.partition())).toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            while (isBehind(consumer, partitions)) {
                loop.waits(config.requestTimeout());
                for (var record : consumer.poll(POLL)) {
                    if (record.key() != null) {
                        buckets.key(record.key());
                    }
                }
            }
        }
    }

    private static boolean isBehind(KafkaConsumer<byte[], byte[]> consumer, List<TopicPartition> partitions) {
        if (partitions.stream().anyMatch(p -> consumer.currentLag(p).orElse(1) > 0)) {
            return true;
        }
        var ends = consumer.endOffsets(partitions);
        return partitions.stream().anyMatch(p -> consumer.position(p) < ends.get(p));
    }

    /** Deletes in bulk. */
    private final class Deleted {

        private final Generation generation;
        private final Loop loop;
        private final List<Buckets.Known> waiting = new ArrayList<>();
        private long count;

        Deleted(Generation generation, Loop loop) {
            this.generation = generation;
            this.loop = loop;
        }

        void add(Buckets.Known known) {
            waiting.add(known);
            if (waiting.size() == PAGE) {
                try {
                    flush();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        }

        void flush() throws IOException {
            if (waiting.isEmpty()) {
                return;
            }
            loop.waits(config.requestTimeout());
            var body = new ByteArrayOutputStream();
            for (var known : waiting) {
                body.write(json.writeValueAsBytes(Map.of("delete", Map.of("_id", known.id(), "if_seq_no", known.seqNo(), "if_primary_term", known.term()))));
                body.write('\n');
            }
            for (var item : send("POST", "/" + generation.writeAlias() + "/_bulk", body.toByteArray()).path("items")) {
                count(item.path("delete"));
            }
            waiting.clear();
        }

        /** Who has another sequence number by now, or is gone, is no orphan any more; an index that is not there is another matter. */
        private void count(JsonNode answer) throws IOException {
            int status = answer.path("status").asInt();
            if (status == 404 && answer.has("error")) {
                throw new IndexGoneMeanwhileException("The index " + generation.index() + " cannot be written by its alias " + generation.writeAlias() + " any more: " + answer.path("error").path("reason").asText());
            } else if (status / 100 == 2) {
                count++;
            } else if (status != 404 && status != 409) {
                throw new IOException("The search engine does not delete from " + generation.index() + ": " + answer);
            }
        }
    }

    private JsonNode send(String method, String path, byte[] body) throws IOException {
        Request request = body == null ? Requests.builder().method(method).endpoint(path).build()
                : Requests.builder().method(method).endpoint(path).body(Body.from(body, path.endsWith("_bulk") ? "application/x-ndjson" : "application/json")).build();
        try (var response = search.raw().execute(request)) {
            var text = response.getBody().map(Body::bodyAsString).orElse("{}");
            if (response.getStatus() / 100 != 2) {
                throw new IOException(method + " " + path + " at the search engine " + config.searchUrl() + " failed: HTTP " + response.getStatus() + " " + text);
            }
            return json.readTree(text);
        }
    }
}
