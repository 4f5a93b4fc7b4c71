package io.millrace.tests.bench.index;

import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.Op;
import io.millrace.pipeline.topic.Topics;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Random;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** What is indexed: orders of about one kilobyte, the same words for the same id and round. The version of a document is its round, or its turn within it. */
final class Documents {

    static final String PIPELINE = "orders";
    static final int PARTITIONS = 4;

    private static final int WORDS = 90;
    private static final String[] VOCABULARY = vocabulary();

    private Documents() {}

    private static String[] vocabulary() {
        var random = new Random(11);
        var words = new String[2_000];
        for (int i = 0; i < words.length; i++) {
            var word = new StringBuilder();
            for (int letters = 4 + random.nextInt(8); letters > 0; letters--) {
                word.append((char) ('a' + random.nextInt(26)));
            }
            words[i] = word.toString();
        }
        return words;
    }

    static String id(int number) {
        return "order-" + number;
    }

    /** @param version is in the document as well, so that a search tells which one it finds */
    static byte[] json(int number, long version) {
        var random = new Random(number * 31L + version);
        var text = new StringBuilder(1_200).append("{\"id\":").append(number).append(",\"round\":").append(version).append(",\"state\":\"").append(VOCABULARY[number % 7]).append("\",\"note\":\"");
        for (int i = 0; i < WORDS; i++) {
            text.append(VOCABULARY[random.nextInt(VOCABULARY.length)]).append(' ');
        }
        return text.append("\"}").toString().getBytes(StandardCharsets.US_ASCII);
    }

    static int partition(int number) {
        return number % PARTITIONS;
    }

    static KafkaProducer<byte[], byte[]> producer(String bootstrap) {
        return new KafkaProducer<>(Map.of("bootstrap.servers", bootstrap, "compression.type", "lz4", "linger.ms", 5, "batch.size", 128 * 1024), new ByteArraySerializer(), new ByteArraySerializer());
    }

    /** As the join puts it out. */
    static ProducerRecord<byte[], byte[]> record(int number, long version) {
        var record = new ProducerRecord<>(Topics.documents(PIPELINE), partition(number), id(number).getBytes(StandardCharsets.US_ASCII), json(number, version));
        record.headers().add(Headers.VERSION, Headers.bytes(version)).add(Headers.OP, Op.READ.code());
        var now = Headers.nowMicros();
        for (var time : new String[] {Headers.COMMITTED, Headers.CAPTURED, Headers.GATED, Headers.JOINED}) {
            record.headers().add(time, Headers.bytes(now));
        }
        return record;
    }
}
