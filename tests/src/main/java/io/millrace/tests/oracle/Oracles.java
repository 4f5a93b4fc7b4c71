package io.millrace.tests.oracle;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;

/** The oracles of several pipelines over one database and one search engine. */
public final class Oracles {

    private final DataSource database;
    private final IndexReader index;
    private final List<SqlOracle> oracles;
    private final boolean digests;

    /** @param oracles of pipelines whose alias is their name */
    public Oracles(DataSource database, IndexReader index, List<SqlOracle> oracles) {
        this(database, index, oracles, false);
    }

    private Oracles(DataSource database, IndexReader index, List<SqlOracle> oracles, boolean digests) {
        this.database = database;
        this.index = index;
        this.oracles = List.copyOf(oracles);
        this.digests = digests;
    }

    /** The demo's two pipelines. */
    public static Oracles demo(DataSource database, IndexReader index) {
        return new Oracles(database, index, List.of(SqlOracle.of("monitors"), SqlOracle.of("dashboards")));
    }

    /** The same, but without one document that must not be, although its row is there. */
    public Oracles without(String pipeline, String id) {
        return new Oracles(database, index, oracles.stream().map(oracle -> oracle.name().equals(pipeline) ? oracle.without(id) : oracle).toList(), digests);
    }

    /** The same for more documents than fit into memory: both sides by digest, so that of documents with other content it is told which they are, and not where they differ. */
    public Oracles byDigest() {
        return new Oracles(database, index, oracles, true);
    }

    /** Reads both sides of all pipelines now; whoever wants an answer that means something stops writing first. */
    public List<Comparison> compare() throws SQLException {
        var comparisons = new ArrayList<Comparison>();
        try (Connection connection = database.getConnection()) {
            for (var oracle : oracles) {
                comparisons.add(digests ? Comparison.of(oracle.name(), oracle.digests(connection), index.digests(oracle.name()))
                        : Comparison.of(oracle.name(), oracle.read(connection), index.read(oracle.name())));
            }
        }
        return comparisons;
    }

    long operations() {
        return oracles.stream().mapToLong(oracle -> index.operations(oracle.name())).sum();
    }
}
