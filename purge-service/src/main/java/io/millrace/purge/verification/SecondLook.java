package io.millrace.purge.verification;

import io.agroal.api.AgroalDataSource;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.purge.PurgeConfig;
import io.millrace.purge.freshness.Freshness;
import io.millrace.purge.problem.RefusedException;
import io.millrace.purge.source.Pipelines;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.sql.SQLException;
import java.util.List;

/** Looks once more at the documents that an erased subject stands in, as a verification looks at all. Thread-safe. */
@ApplicationScoped
public class SecondLook {

    private static final int AT_ONCE = 1_000;

    private final AgroalDataSource database;
    private final PurgeConfig config;
    private final Pipelines pipelines;
    private final IndexSides sides;
    private final Freshness freshness;

    SecondLook(AgroalDataSource database, PurgeConfig config, Pipelines pipelines, IndexSides sides, Freshness freshness) {
        this.database = database;
        this.config = config;
        this.pipelines = pipelines;
        this.sides = sides;
        this.freshness = freshness;
    }

    /**
     * What was seen.
     *
     * @param documents that the subject stands in by the rows of the source
     * @param differing that are not, for good, what the rows without the subject say
     * @param undecided of which it could not be told
     */
    public record Seen(int documents, int differing, long undecided) {}

    /**
     * Compares what the index has of the subject's documents with what the rows say without the subject.
     *
     * @param sign is called while it goes on
     * @throws RefusedException when the pipeline cannot be compared with its index
     */
    public Seen at(Pipeline pipeline, String subject, String keyHash, Runnable sign) throws SQLException, IOException, InterruptedException {
        if (pipeline.tableNames().stream().anyMatch(table -> !pipeline.settings(table).transforms().isEmpty())) {
            throw new RefusedException("rows go through transforms, which no SQL join can repeat", "look at the documents by hand");
        }
        var settings = config.verification();
        var source = SourceSide.of(database, settings, pipeline, List.copyOf(pipeline.generations(pipelines.all())));
        var index = sides.of(pipeline);
        var refusal = index.refusal();
        if (refusal != null) {
            throw new RefusedException(refusal, "look at the pipeline that has the index");
        }
        var tally = new Tally();
        var settlement = new Settlement(source, index, freshness, pipeline, settings.patience(), settings.batch(), new Pace(settings.rate()), tally, sign::run);
        var ids = source.carrying(subject, keyHash);
        int differing = 0;
        for (var part : Settlement.parts(ids, AT_ONCE)) {
            var found = settlement.settle(part);
            found.keySet().removeAll(source.erased(found.keySet()));
            differing += found.size();
        }
        return new Seen(ids.size(), differing, tally.report(null).undecided());
    }
}
