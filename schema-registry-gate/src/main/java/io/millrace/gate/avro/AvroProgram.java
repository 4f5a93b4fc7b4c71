package io.millrace.gate.avro;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.avro.Schema;

/**
 * A schema as the flat list of steps by which {@link AvroWalker} goes over a record's bytes.
 *
 * <p>The fields of nested records stand in line. A record type that occurs a second time, a recursive one among them,
 * is a subroutine, so the list never grows faster than the schema. Immutable; any number of walkers may share one.
 */
public final class AvroProgram {

    static final int END = 0;
    static final int BOOLEAN = 1;
    static final int INT = 2;
    static final int LONG = 3;
    /** Operand: the number of bytes. */
    static final int SKIP = 4;
    static final int BYTES = 5;
    static final int STRING = 6;
    /** Operand: the number of symbols. */
    static final int ENUM = 7;
    /** Operands: the number of branches, then where each begins. */
    static final int UNION = 8;
    /** Operand: where to go on. */
    static final int JUMP = 9;
    /** Operands: 1 where an item may take no byte at all, else 0; where to go on after the array. The items follow. */
    static final int ARRAY = 10;
    /** Operand: where to go on after the map. The values follow. */
    static final int MAP = 11;
    /** Operand: where the subroutine begins. */
    static final int CALL = 12;
    /** Operand: which of the places to keep is here. */
    static final int PLACE = 13;

    private final int[] code;
    private final TreeMap<Integer, String> paths;
    private final int places;

    private AvroProgram(int[] code, TreeMap<Integer, String> paths, int places) {
        this.code = code;
        this.paths = paths;
        this.places = places;
    }

    /** Compiles a schema as its bytes were written. */
    public static AvroProgram of(Schema schema) {
        return of(schema, List.of());
    }

    /**
     * The same, keeping where some of the record's own fields are.
     *
     * @param kept their names; {@link AvroWalker#from} and {@link AvroWalker#to} know them by their index here
     */
    public static AvroProgram of(Schema schema, List<String> kept) {
        var compiler = new Compiler(kept);
        compiler.add(schema, "");
        compiler.emit(END);
        compiler.subroutines();
        return new AvroProgram(Arrays.copyOf(compiler.code, compiler.size), compiler.paths, 2 * kept.size());
    }

    int[] code() {
        return code;
    }

    /** How many places a walk keeps: two for each field, its begin and its end. */
    int places() {
        return places;
    }

    /** The field that the step at that place reads, empty for the record as a whole. */
    String path(int step) {
        var entry = paths.floorEntry(step);
        return entry == null ? "" : entry.getValue();
    }

    private static final class Compiler {
        private final TreeMap<Integer, String> paths = new TreeMap<>();
        private final Set<String> seen = new HashSet<>();
        private final Map<String, Integer> compiled = new HashMap<>();
        private final Deque<Schema> wanted = new ArrayDeque<>();
        private final Map<Integer, String> calls = new HashMap<>();
        private final List<String> kept;
        private int[] code = new int[64];
        private int size;

        private Compiler(List<String> kept) {
            this.kept = kept;
        }

        private void emit(int word) {
            if (size == code.length) {
                code = Arrays.copyOf(code, size * 2);
            }
            code[size++] = word;
        }

        private void add(Schema schema, String path) {
            paths.put(size, path);
            switch (schema.getType()) {
                case NULL -> { }
                case BOOLEAN -> emit(BOOLEAN);
                case INT -> emit(INT);
                case LONG -> emit(LONG);
                case FLOAT -> skip(Float.BYTES);
                case DOUBLE -> skip(Double.BYTES);
                case FIXED -> skip(schema.getFixedSize());
                case BYTES -> emit(BYTES);
                case STRING -> emit(STRING);
                case ENUM -> {
                    emit(ENUM);
                    emit(schema.getEnumSymbols().size());
                }
                case UNION -> union(schema, path);
                case ARRAY -> array(schema, path);
                case MAP -> map(schema, path);
                case RECORD -> record(schema, path);
            }
        }

        private void skip(int bytes) {
            emit(SKIP);
            emit(bytes);
        }

        private void union(Schema schema, String path) {
            var branches = schema.getTypes();
            emit(UNION);
            emit(branches.size());
            int table = size;
            branches.forEach(branch -> emit(0));
            var ends = new int[branches.size()];
            for (int i = 0; i < ends.length; i++) {
                code[table + i] = size;
                add(branches.get(i), path);
                emit(JUMP);
                ends[i] = size;
                emit(0);
            }
            for (int end : ends) {
                code[end] = size;
            }
        }

        private void array(Schema schema, String path) {
            emit(ARRAY);
            emit(fewestBytes(schema.getElementType(), new HashSet<>()) == 0 ? 1 : 0);
            int after = size;
            emit(0);
            add(schema.getElementType(), path + "[]");
            emit(END);
            code[after] = size;
        }

        private void map(Schema schema, String path) {
            emit(MAP);
            int after = size;
            emit(0);
            add(schema.getValueType(), path + "{}");
            emit(END);
            code[after] = size;
        }

        private void record(Schema schema, String path) {
            if (seen.add(schema.getFullName())) {
                fields(schema, path);
                return;
            }
            emit(CALL);
            calls.put(size, schema.getFullName());
            emit(0);
            wanted.add(schema);
        }

        private void fields(Schema schema, String path) {
            for (var field : schema.getFields()) {
                int keep = path.isEmpty() ? kept.indexOf(field.name()) : -1;
                place(keep, 0);
                add(field.schema(), path.isEmpty() ? field.name() : path + "." + field.name());
                place(keep, 1);
            }
        }

        private void place(int field, int end) {
            if (field >= 0) {
                emit(PLACE);
                emit(2 * field + end);
            }
        }

        private void subroutines() {
            while (!wanted.isEmpty()) {
                var schema = wanted.remove();
                if (compiled.putIfAbsent(schema.getFullName(), size) == null) {
                    fields(schema, schema.getFullName());
                    emit(END);
                }
            }
            calls.forEach((place, name) -> code[place] = compiled.get(name));
        }

        /** The least that a value takes; a type inside itself counts as nothing, which only ever makes the check stricter. */
        private static long fewestBytes(Schema schema, Set<String> within) {
            return switch (schema.getType()) {
                case NULL -> 0;
                case FLOAT -> Float.BYTES;
                case DOUBLE -> Double.BYTES;
                case FIXED -> schema.getFixedSize();
                case RECORD -> {
                    if (!within.add(schema.getFullName())) {
                        yield 0;
                    }
                    long sum = schema.getFields().stream().mapToLong(f -> fewestBytes(f.schema(), within)).sum();
                    within.remove(schema.getFullName());
                    yield sum;
                }
                default -> 1;
            };
        }
    }
}
