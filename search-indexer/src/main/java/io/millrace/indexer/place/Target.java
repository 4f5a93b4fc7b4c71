package io.millrace.indexer.place;

import io.millrace.indexer.bulk.Bulk;
import io.millrace.indexer.generation.IndexStore;
import io.millrace.indexer.mark.Marks;
import io.millrace.indexer.reconcile.Holdings;

/** Where documents go to: all that this service asks of it, each part by whom it asks. */
public interface Target {

    /** For those who write documents. */
    Bulk bulk();

    /** For those who make indexes, and say which one readers see. */
    IndexStore indexes();

    /** For those who keep how far an index is. */
    Marks marks();

    /** For those who compare an index with its topic. */
    Holdings holdings();

    /** Whether readers see what was written as soon as that is answered, so that nobody has to look when they do. */
    boolean showsAtOnce();
}
