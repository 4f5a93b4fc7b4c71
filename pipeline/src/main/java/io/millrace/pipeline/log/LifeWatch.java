package io.millrace.pipeline.log;

import io.millrace.pipeline.progress.KafkaWatch;
import io.millrace.pipeline.progress.Tail;
import io.millrace.pipeline.topic.Topics;

/** Looks from afar in which life a join is, and whether somebody has compared its documents with the database. Thread-safe. */
public final class LifeWatch implements AutoCloseable {

    private final String group;
    private final Tail marks;

    /** Reads nothing before it is asked. */
    public LifeWatch(KafkaWatch kafka, String pipeline) {
        this.group = Topics.joinGroup(pipeline);
        this.marks = kafka.tail(Topics.joinMarks(group));
    }

    /** The number of the life that has begun and whose documents nobody has found to be those of the database; 0 where there is none, or where it is not known yet. */
    public long unproven() {
        var last = marks.last();
        var text = last.get(Marks.lifeKey(group));
        if (text == null) {
            return 0;
        }
        var life = Life.parse(text);
        long proven = Long.parseLong(last.getOrDefault(Marks.proofKey(group), "0"));
        return life.begun() && proven < life.number() ? life.number() : 0;
    }

    @Override
    public void close() {
        marks.close();
    }
}
