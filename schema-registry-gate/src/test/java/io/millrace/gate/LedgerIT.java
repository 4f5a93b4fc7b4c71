package io.millrace.gate;

import static io.millrace.gate.Captured.nullable;
import static io.millrace.gate.SharedGate.soon;
import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.allOf;
import static org.hamcrest.Matchers.containsString;
import static org.hamcrest.Matchers.not;

import io.millrace.pipeline.ledger.Numbering;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.Op;
import io.millrace.pipeline.record.Position;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.avro.generic.GenericRecordBuilder;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.hamcrest.Matcher;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A captured record that is dropped, doubled or out of order is found by its number, and nothing else is. */
@ExtendWith(SharedGate.Extension.class)
class LedgerIT {

    private static final int ROWS = 20;

    private final SharedGate gate;
    private long lsn = 1_000;

    LedgerIT(SharedGate gate) {
        this.gate = gate;
    }

    /** As capture would write them, all into one partition. */
    private final class Source {
        private final Captured table;
        private final String topic;
        private final Numbering numbering = new Numbering();

        Source(String name) throws ExecutionException, InterruptedException {
            this.table = gate.stack().captured(name);
            this.topic = "captured.it.public." + name;
        }

        ProducerRecord<byte[], byte[]> record(byte[] key, byte[] value, Op op) {
            lsn++;
            var record = new ProducerRecord<>(topic, 0, key, value);
            record.headers().add(Headers.POSITION, new Position(lsn, lsn).toBytes()).add(Headers.OP, op.code()).add(Headers.COMMITTED, Headers.bytes(Headers.nowMicros()));
            return numbering.numbered(record);
        }

        ProducerRecord<byte[], byte[]> row(long id) {
            var schema = table.schema(nullable("name", "string"));
            return record(table.key(id), Captured.encode(new GenericRecordBuilder(schema).set("id", id).set("name", "n" + id).build(), table.register("-value", schema)), Op.UPDATE);
        }

        List<ProducerRecord<byte[], byte[]>> rows() {
            var rows = new ArrayList<ProducerRecord<byte[], byte[]>>();
            for (int id = 0; id < ROWS; id++) {
                rows.add(row(id));
            }
            return rows;
        }

        void send(List<ProducerRecord<byte[], byte[]>> records) {
            records.forEach(gate.stack().producer()::send);
            gate.stack().producer().flush();
            numbering.settled();
        }
    }

    private void awaitHealth(Matcher<String> says) {
        soon().untilAsserted(() -> given().baseUri(gate.url()).get("/q/health/ready").then().body(says));
    }

    private void awaitGaps(String table, double records) {
        soon().untilAsserted(() -> given().baseUri(gate.url()).get("/q/metrics").then().body(containsString("millrace_ledger_gaps{stage=\"gate\",table=\"it.public." + table + "\"} " + records)));
    }

    @Test
    void aRecordThatIsDroppedDoubledOrOutOfOrderIsFoundAndForgottenWhenTheTableIsReadAnew() throws Exception {
        var even = new Source("even");
        var dropped = new Source("dropped");
        var doubled = new Source("doubled");
        var swapped = new Source("swapped");
        var sources = List.of(even, dropped, doubled, swapped);
        for (var source : sources) {
            source.send(source.rows());
        }
        var rows = dropped.rows();
        rows.remove(7);
        dropped.send(rows);
        rows = doubled.rows();
        rows.add(8, rows.get(7));
        doubled.send(rows);
        rows = swapped.rows();
        rows.add(7, rows.remove(8));
        swapped.send(rows);
        even.send(even.rows());
        for (var source : sources) {
            source.send(source.rows());
        }
        awaitHealth(allOf(containsString("ledger of captured.it.public.dropped-0"), containsString("1 written and not in the log"), containsString("./millrace resnapshot it public.dropped"),
                containsString("ledger of captured.it.public.doubled-0"), containsString("1 twice"),
                containsString("ledger of captured.it.public.swapped-0"), containsString("1 out of order"), not(containsString("it.public.even"))));
        awaitGaps("dropped", 1);
        awaitGaps("even", 0);
        for (var source : sources) {
            source.send(List.of(source.record(new byte[0], new byte[0], Op.TRUNCATE)));
        }
        awaitHealth(not(containsString("ledger of")));
        awaitGaps("dropped", 0);
        Ledger.assertNothingLostOrOvertaken(gate.stack(), "even");
    }

    @Test
    void whatAKilledCaptureOrGateSendsAgainIsInOrder() throws Exception {
        var killed = new Source("repeating");
        var rows = killed.rows();
        killed.send(rows);
        // Capture is not told of the end of a batch, and sends all of it again, in another life.
        killed.numbering.renew();
        killed.send(rows.stream().map(killed.numbering::numbered).toList());
        var meanwhile = killed.rows();
        killed.send(meanwhile);
        gate.restart();
        killed.send(killed.rows());
        soon().untilAsserted(() -> Ledger.assertNothingLostOrOvertaken(gate.stack(), "repeating"));
        awaitHealth(not(containsString("ledger of captured.it.public.repeating")));
        awaitGaps("repeating", 0);
    }
}
