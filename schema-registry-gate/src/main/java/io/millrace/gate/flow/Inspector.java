package io.millrace.gate.flow;

import io.millrace.gate.Table;
import io.millrace.gate.avro.AvroWalker;
import io.millrace.gate.rule.RuleSet;
import io.millrace.gate.rule.RuleSet.Constraint;
import io.millrace.gate.rule.Scratch;
import io.millrace.gate.schema.Readable;
import io.millrace.gate.schema.Refusal;
import io.millrace.gate.schema.Schemas;
import io.millrace.pipeline.record.Headers;
import io.millrace.pipeline.record.Op;
import io.millrace.pipeline.record.WireFormat;
import io.millrace.pipeline.topic.Topics;
import io.millrace.pipeline.wording.Counted;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** Decides by a record's bytes whether it may pass. Serves one lane's thread; what it found stays until the next call. */
final class Inspector implements RuleSet.Listener {

    /** What came out. */
    enum Finding {
        PASSES,
        /** {@link #refusal()} says why not. */
        REFUSED,
        /** The registry has to be asked for {@link #neededId()} under {@link #neededSubject()}. */
        UNKNOWN
    }

    private final Schemas schemas;
    private final Meters meters;
    private final AvroWalker walker;
    private final Scratch scratch = new Scratch();
    private final int mostBytes;
    private final double hold;
    private final String keySubject;
    private final String valueSubject;
    private int keyId;
    private Readable keys;
    private int valueId;
    private Readable values;
    /** Whether a breach of a row rule is only counted, whatever the file says. */
    private boolean lenient;
    private Refusal refusal;
    private String neededSubject;
    private int neededId;

    /** @param hold the share of the table's rows, 0 to 1, above which nothing may take them away without a person */
    Inspector(Table table, Schemas schemas, Meters meters, boolean checkText, int mostBytes, double hold) {
        this.schemas = schemas;
        this.meters = meters;
        this.walker = new AvroWalker(checkText);
        this.mostBytes = mostBytes;
        this.hold = hold;
        this.keySubject = Topics.keySubject(table.rows());
        this.valueSubject = Topics.valueSubject(table.rows());
    }

    Finding inspect(ConsumerRecord<byte[], byte[]> record) {
        return inspect(record, false, false);
    }

    /**
     * @param waived whether a person let rows that break row rules pass this time
     * @param agreed whether a person has agreed that it takes away so much
     */
    Finding inspect(ConsumerRecord<byte[], byte[]> record, boolean waived, boolean agreed) {
        refusal = null;
        lenient = waived;
        if (Lane.size(record) > mostBytes) {
            return refuse(Refusal.TOO_LARGE, "key and value have " + Lane.size(record) + " bytes, allowed are " + mostBytes + " (millrace.gate.max-record-bytes)");
        }
        var key = record.key();
        var value = record.value();
        if (isTruncate(record)) {
            return agreed ? Finding.PASSES : inspectTruncate(record);
        }
        if (!WireFormat.is(key)) {
            return noWireFormat(record, "the key " + describe(key));
        }
        int id = WireFormat.schemaId(key);
        if (keys == null || id != keyId) {
            var known = schemas.known(keySubject, id);
            if (known == null) {
                return unknown(keySubject, id);
            }
            keys = known;
            keyId = id;
        }
        if (!walker.walk(keys.program(), key, WireFormat.PREFIX)) {
            return refuse(Refusal.UNREADABLE, "the key does not follow its schema " + id + ": " + walker.fault());
        }
        return value == null ? Finding.PASSES : inspectValue(record, value);
    }

    private Finding inspectValue(ConsumerRecord<byte[], byte[]> record, byte[] value) {
        if (!WireFormat.is(value)) {
            return noWireFormat(record, "the value " + describe(value));
        }
        int id = WireFormat.schemaId(value);
        if (values == null || id != valueId) {
            var known = schemas.known(valueSubject, id);
            if (known == null) {
                return unknown(valueSubject, id);
            }
            values = known;
            valueId = id;
        }
        if (!walker.walk(values.program(), value, WireFormat.PREFIX)) {
            return refuse(Refusal.UNREADABLE, "the value does not follow its schema " + id + ": " + walker.fault());
        }
        if (!values.rules().isEmpty()) {
            values.rules().judge(value, walker, scratch, this);
        }
        return refusal == null ? Finding.PASSES : Finding.REFUSED;
    }

    @Override
    public void breached(Constraint constraint, String kind) {
        boolean keepsBack = constraint.quarantine() && !lenient;
        meters.ruleBroken(constraint, keepsBack);
        if (keepsBack && refusal == null) {
            refusal = Refusal.ofRow(constraint, kind, valueId);
        }
    }

    /** A plain one takes every row; one behind a reading of the table those that the reading did not bring. */
    private Finding inspectTruncate(ConsumerRecord<byte[], byte[]> record) {
        long before = Headers.number(record.headers(), Headers.ROWS_BEFORE, 0);
        long gone = before - Headers.number(record.headers(), Headers.ROWS_KEPT, 0);
        double share = before == 0 ? 1 : Math.max(0, (double) gone / before);
        if (share <= hold) {
            return Finding.PASSES;
        }
        refusal = Refusal.ofHold(before == 0 ? "it takes away every row that the table had before it" : "the table was read again, and about " + gone + " of " + Counted.of(before, "row") + " are not there any more", share, hold);
        return Finding.REFUSED;
    }

    /** Key and value are empty; older markers have no value. */
    private static boolean isTruncate(ConsumerRecord<byte[], byte[]> record) {
        if (record.key() == null || record.key().length > 0 || record.value() != null && record.value().length > 0) {
            return false;
        }
        var op = Headers.bytes(record.headers(), Headers.OP);
        return op != null && op.length == 1 && op[0] == Op.TRUNCATE.code()[0];
    }

    private Finding noWireFormat(ConsumerRecord<byte[], byte[]> record, String what) {
        var unwritable = Headers.text(record.headers(), Headers.UNWRITABLE);
        return unwritable == null ? refuse(Refusal.NOT_WIRE_FORMAT, what + "; only capture should write to " + record.topic()) : refuse(Refusal.UNWRITABLE, unwritable);
    }

    private static String describe(byte[] bytes) {
        if (bytes == null) {
            return "is missing";
        }
        return bytes.length < WireFormat.PREFIX ? "has " + bytes.length + " bytes, too few for a schema id" : "begins with the byte " + bytes[0] + " instead of 0 and a schema id";
    }

    private Finding refuse(String reason, String detail) {
        refusal = Refusal.of(reason, detail);
        return Finding.REFUSED;
    }

    private Finding unknown(String subject, int id) {
        neededSubject = subject;
        neededId = id;
        return Finding.UNKNOWN;
    }

    Refusal refusal() {
        return refusal;
    }

    String neededSubject() {
        return neededSubject;
    }

    int neededId() {
        return neededId;
    }
}
