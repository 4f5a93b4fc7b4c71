package io.millrace.capture.bundle;

import io.millrace.pipeline.file.TableName;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/**
 * Which table has which number. A table may give its name away and take it back between two looks at the catalog; then only the log
 * tells, which describes each table under the name that it had. Immutable.
 */
public final class TableNumbers {

    /** By source: Debezium makes what reads the stream by its class's name. */
    private static final Map<String, TableNumbers> FOLLOWED = new ConcurrentHashMap<>();
    private static final TableNumbers NONE = of(Map.of());

    private final Map<Integer, TableName> byNumber;
    private final Map<TableName, Integer> byName;

    private TableNumbers(Map<TableName, Integer> byName) {
        this.byName = Map.copyOf(byName);
        this.byNumber = byName.entrySet().stream().collect(Collectors.toUnmodifiableMap(Map.Entry::getValue, Map.Entry::getKey));
    }

    /** @param oids of tables of which nothing is missing, each another one */
    public static TableNumbers of(Map<TableName, Long> oids) {
        return new TableNumbers(oids.entrySet().stream().collect(Collectors.toMap(Map.Entry::getKey, one -> one.getValue().intValue())));
    }

    /** Those of a source from now on, for whatever reads its stream. */
    public void follow(String source) {
        FOLLOWED.put(source, this);
    }

    /** Those of a source as they are now. */
    public static TableNumbers of(String source) {
        return FOLLOWED.getOrDefault(source, NONE);
    }

    /**
     * Compares with how Postgres describes a table in the log.
     *
     * @param description the whole message; is not read on
     * @throws RenamedException when the table had another name then, or a known table's name was another one's
     */
    void check(ByteBuffer description) {
        var in = description.duplicate();
        in.get();
        int number = in.getInt();
        var name = new TableName(text(in), text(in));
        var renamed = new TreeMap<TableName, String>();
        var own = byNumber.get(number);
        if (own != null && !own.equals(name)) {
            renamed.put(own, "it was changed while its name was " + name);
        }
        var known = byName.get(name);
        if (known != null && known != number) {
            renamed.put(name, "another table had its name and was changed");
        }
        if (!renamed.isEmpty()) {
            throw new RenamedException(renamed);
        }
    }

    private static String text(ByteBuffer in) {
        int from = in.position();
        while (in.get() != 0) {
            // It ends with a zero.
        }
        return new String(in.array(), in.arrayOffset() + from, in.position() - 1 - from, StandardCharsets.UTF_8);
    }
}
