package io.millrace.pipeline.ledger;

import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;

/**
 * Whether each record that a stage takes in from a partition leaves it, once and in order. Beside running sums there is one note for each
 * time that records come in together, at most a fixed number. One thread takes in, one lets out.
 */
public final class Passage {

    private static final int NOTES = 1_024;
    private static final long FACTOR = 31;

    private final TopicPartition partition;
    private final Ledger ledger;
    private final ArrayBlockingQueue<Note> notes = new ArrayBlockingQueue<>(NOTES);
    /** Of those that came in; that thread's own. */
    private long came;
    private long sumIn;
    /** Of those that left; that thread's own. */
    private long left;
    private long sumOut;

    /** The sums when the record at an offset had come in. */
    private record Note(long offset, long records, long sum) {}

    public Passage(TopicPartition partition, Ledger ledger) {
        this.partition = partition;
        this.ledger = ledger;
    }

    /** Records come in; before any of them can leave. */
    public void in(List<? extends ConsumerRecord<?, ?>> records) {
        for (var record : records) {
            sumIn = sumIn * FACTOR + record.offset();
        }
        came += records.size();
        // Without a note these are held against the next one.
        notes.offer(new Note(records.getLast().offset(), came, sumIn));
    }

    /** The stage is done with a record. */
    public void out(ConsumerRecord<?, ?> record) {
        for (var note = notes.peek(); note != null && record.offset() > note.offset; note = notes.peek()) {
            compare(notes.remove());
        }
        sumOut = sumOut * FACTOR + record.offset();
        left++;
        var note = notes.peek();
        if (note != null && record.offset() == note.offset) {
            compare(notes.remove());
        }
    }

    private void compare(Note note) {
        if (left < note.records) {
            found(Kind.UNDONE, note.records - left, note);
        } else if (left > note.records) {
            found(Kind.REPEATED, left - note.records, note);
        } else if (sumOut != note.sum) {
            found(Kind.DISORDERED, 1, note);
        }
        left = note.records;
        sumOut = note.sum;
    }

    private void found(Kind kind, long records, Note note) {
        ledger.found(partition, kind, records, note.offset, note.offset, null);
    }
}
