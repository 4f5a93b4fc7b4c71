package io.millrace.indexer.place;

import io.millrace.indexer.bulk.Bulk;
import io.millrace.indexer.bulk.SearchBulk;
import io.millrace.indexer.generation.IndexStore;
import io.millrace.indexer.generation.SearchStore;
import io.millrace.indexer.mark.Marks;
import io.millrace.indexer.mark.SearchMarks;
import io.millrace.indexer.reconcile.Holdings;
import io.millrace.indexer.reconcile.SearchHoldings;
import jakarta.inject.Singleton;

/** The search engine. */
@Singleton
final class SearchTarget implements Target {

    private final SearchBulk bulk;
    private final SearchStore indexes;
    private final SearchMarks marks;
    private final SearchHoldings holdings;

    SearchTarget(SearchBulk bulk, SearchStore indexes, SearchMarks marks, SearchHoldings holdings) {
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

    /** A search finds it after a refresh. */
    @Override
    public boolean showsAtOnce() {
        return false;
    }
}
