package io.millrace.indexer.place;

import io.millrace.indexer.bulk.Bulk;
import io.millrace.indexer.generation.IndexStore;
import io.millrace.indexer.mark.Marks;
import io.millrace.indexer.reconcile.Holdings;
import io.millrace.indexer.table.TableBulk;
import io.millrace.indexer.table.TableHoldings;
import io.millrace.indexer.table.TableMarks;
import io.millrace.indexer.table.TableStore;
import jakarta.inject.Singleton;

/** Tables of a PostgreSQL. */
@Singleton
final class TableTarget implements Target {

    private final TableBulk bulk;
    private final TableStore indexes;
    private final TableMarks marks;
    private final TableHoldings holdings;

    TableTarget(TableBulk bulk, TableStore indexes, TableMarks marks, TableHoldings holdings) {
        this.bulk = bulk;
        this.indexes = indexes;
        this.marks = marks;
        this.holdings = holdings;
    }

    @Override
    public Bulk bulk() {
        return bulk;
    }

    @Override
    public IndexStore indexes() {
        return indexes;
    }

    @Override
    public Marks marks() {
        return marks;
    }

    @Override
    public Holdings holdings() {
        return holdings;
    }

    /** A commit is seen by whoever asks after it. */
    @Override
    public boolean showsAtOnce() {
        return true;
    }
}
