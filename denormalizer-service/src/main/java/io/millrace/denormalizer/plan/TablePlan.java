package io.millrace.denormalizer.plan;

import io.millrace.pipeline.file.TableName;
import io.millrace.values.row.Row;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/** What a pipeline needs of one table. Complete, and no longer changed, once the {@link Planner} is done. */
public final class TablePlan {

    private final int id;
    private final TableName name;
    private final String topic;
    private final boolean subscribed;
    private final List<String> columns = new ArrayList<>();
    private final List<SpineNode> nodes = new ArrayList<>();
    private final List<LookupIndex> indexes = new ArrayList<>();
    private final BitSet joined = new BitSet();

    TablePlan(int id, TableName name, String topic, boolean subscribed) {
        this.id = id;
        this.name = name;
        this.topic = topic;
        this.subscribed = subscribed;
    }

    public int id() {
        return id;
    }

    public TableName name() {
        return name;
    }

    /** Where its rows come from. */
    public String topic() {
        return topic;
    }

    /** The columns that any part of the document needs; a stored row has one cell for each, in this order. */
    public List<String> columns() {
        return columns;
    }

    /** The spine nodes that hold rows of this table. */
    public List<SpineNode> nodes() {
        return nodes;
    }

    /** How its rows are found as look-up rows; empty where it is none. */
    public List<LookupIndex> indexes() {
        return indexes;
    }

    /** Whether its rows go to every partition. */
    public boolean isBroadcast() {
        return !indexes.isEmpty() && !subscribed;
    }

    /** Whether its rows go to where their look-up keys are at home, and from there to the partitions that have subscribed to those keys. */
    public boolean isSubscribed() {
        return !indexes.isEmpty() && subscribed;
    }

    /** What of a stored row is enough to take back whatever it announced: the columns that joins go by. */
    public byte[] joined(byte[] row) {
        return new Row(row, columns.size()).only(joined);
    }

    void isJoinedBy(int[] slots) {
        for (int slot : slots) {
            joined.set(slot);
        }
    }

    int slot(String column) {
        int at = columns.indexOf(column);
        if (at < 0) {
            columns.add(column);
            return columns.size() - 1;
        }
        return at;
    }
}
