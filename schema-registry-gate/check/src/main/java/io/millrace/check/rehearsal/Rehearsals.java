package io.millrace.check.rehearsal;

import io.millrace.check.scratch.ScratchDatabase;
import io.millrace.check.scratch.ScratchServer;
import io.millrace.check.script.Migration;
import io.millrace.pipeline.file.TableName;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/** Rehearses migrations on copies of a baseline that have rows. Not thread-safe. */
public final class Rehearsals implements AutoCloseable {

    private static final List<Integer> ALL = IntStream.range(0, RowMaker.VARIANTS).boxed().toList();

    /** Puts the server's own things, slot and role, back as they were. */
    @FunctionalInterface
    public interface Provision {
        void run() throws SQLException;
    }

    private final ScratchServer server;
    private final String template;
    private final String publication;
    private final Set<TableName> tables;
    private final String filled;
    private final Set<TableName> empty;
    private final Map<Integer, String> variants = new HashMap<>();

    private Rehearsals(ScratchServer server, String template, String publication, Set<TableName> tables, String filled, Set<TableName> empty) {
        this.server = server;
        this.template = template;
        this.publication = publication;
        this.tables = tables;
        this.filled = filled;
        this.empty = empty;
    }

    /**
     * Makes the rows.
     *
     * @param template the baseline's database
     * @param tables what documents need
     */
    public static Rehearsals prepare(ScratchServer server, String template, String publication, Set<TableName> tables) throws SQLException {
        var filled = server.create(template);
        try (var database = ScratchDatabase.open(server, filled)) {
            return new Rehearsals(server, template, publication, tables, filled, RowMaker.fill(database, tables, ALL));
        }
    }

    /**
     * Runs migrations with all rows; where they do not bear these, with the rows of one kind after the other.
     *
     * @param provision called before each run
     */
    public Evidence rehearse(List<Migration> migrations, Provision provision, Consumer<String> progress) throws SQLException {
        var evidence = new Evidence();
        evidence.empty(empty);
        progress.accept("rehearsing with rows in the tables");
        if (!run(migrations, filled, provision, evidence)) {
            for (int variant : ALL) {
                run(migrations, only(variant), provision, evidence);
            }
        }
        return evidence;
    }

    /** A copy of the baseline with the rows of one kind. */
    private String only(int variant) throws SQLException {
        var name = variants.get(variant);
        if (name == null) {
            name = server.create(template);
            variants.put(variant, name);
            try (var database = ScratchDatabase.open(server, name)) {
                RowMaker.fill(database, tables, List.of(variant));
            }
        }
        return name;
    }

    private boolean run(List<Migration> migrations, String from, Provision provision, Evidence evidence) throws SQLException {
        var name = server.create(from);
        try {
            provision.run();
            try (var watcher = server.connect(name); var database = ScratchDatabase.open(server, name)) {
                return Rehearsal.of(migrations, database, watcher, name, publication, tables, evidence);
            }
        } finally {
            server.drop(name);
        }
    }

    @Override
    public void close() {
        variants.values().forEach(server::drop);
        server.drop(filled);
    }
}
