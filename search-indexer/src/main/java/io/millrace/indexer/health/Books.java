package io.millrace.indexer.health;

import io.millrace.pipeline.ledger.Ledger;
import io.millrace.pipeline.topic.Topics;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;

/** The one register of what does not add up here. */
@Singleton
final class Books {

    @Produces
    @Singleton
    Ledger ledger() {
        return new Ledger(Books::advice);
    }

    private static String advice(String documents) {
        var pipeline = documents.substring(Topics.DOCUMENTS.length());
        return "Documents of the pipeline " + pipeline + " may be missing from its index, or be older than they should; documents flow on. Compare it with the database, and have what differs emitted anew: ./millrace verify " + pipeline
                + " --repair; then restart the indexer, which stops saying this";
    }
}
