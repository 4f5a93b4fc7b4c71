package io.millrace.capture.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.capture.continuity.Known;
import io.millrace.capture.source.Slot;
import io.millrace.capture.source.SourceConnection;
import io.millrace.capture.source.SourceLook;
import io.millrace.capture.source.TableLook;
import io.millrace.capture.source.Truncates;
import io.millrace.capture.source.Wanted;
import io.millrace.pipeline.file.Reference;
import io.millrace.pipeline.file.TableName;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A source of very many tables, of which every look asks. */
class ManyTablesIT extends OnStack {

    private static final int TABLES = 2_000;
    private static final int LEAVES = 4;
    /** How often capture looks. */
    private static final Duration INTERVAL = Duration.ofSeconds(5);

    @Tag("long")
    @Test
    void aLookAtTwoThousandPartitionedTablesTakesAShareOfItsInterval() throws Exception {
        stack.source("many");
        stack.sql("many", "ALTER PUBLICATION millrace_many SET (publish_via_partition_root = true)", """
                DO $$ BEGIN
                  FOR t IN 1..%d LOOP
                    EXECUTE format('CREATE TABLE t%%s (id int PRIMARY KEY, name text, at timestamptz) PARTITION BY RANGE (id)', t);
                    FOR leaf IN 1..%d LOOP
                      EXECUTE format('CREATE TABLE t%%1$s_%%2$s PARTITION OF t%%1$s FOR VALUES FROM (%%2$s) TO (%%2$s + 1)', t, leaf);
                    END LOOP;
                    EXECUTE format('INSERT INTO t%%s VALUES (1, ''one'', now())', t);
                    EXECUTE format('ALTER PUBLICATION millrace_many ADD TABLE t%%s', t);
                    COMMIT;
                  END LOOP;
                END $$""".formatted(TABLES, LEAVES));
        var source = new SourceConnection(stack.servers.jdbcUrl("many"), stack.servers.postgresUser(), new Reference.Literal(stack.servers.postgresPassword()));
        var slot = new Slot(source, "many");
        var wanted = IntStream.rangeClosed(1, TABLES).boxed().collect(Collectors.toMap(i -> new TableName("public", "t" + i), _ -> Wanted.ROWS, (a, _) -> a, TreeMap::new));
        Map<TableName, TableLook.Before> known = Map.of();
        var took = new ArrayList<Duration>();
        for (int i = 0; i < 7; i++) {
            long began = System.nanoTime();
            var look = SourceLook.take(source, slot, wanted, known, new Truncates());
            took.add(Duration.ofNanos(System.nanoTime() - began));
            assertEquals(TABLES, look.tables().values().stream().filter(seen -> seen.isSound() && seen.partitions().size() == LEAVES && seen.old() == null).count());
            known = look.tables().entrySet().stream().collect(Collectors.toMap(Map.Entry::getKey, one -> before(Known.whole(one.getValue()), look.horizon())));
        }
        took.sort(null);
        System.out.printf("A look at %d tables with %d partitions each took %d ms at the median of %d, %d ms at most%n", TABLES, LEAVES, took.get(took.size() / 2).toMillis(), took.size(), took.getLast().toMillis());
        assertTrue(took.get(took.size() / 2).compareTo(INTERVAL.dividedBy(2)) < 0, "looks: " + took);
    }

    private static TableLook.Before before(Known known, long horizon) {
        return new TableLook.Before(known.partitions(), known.form(), horizon);
    }
}
