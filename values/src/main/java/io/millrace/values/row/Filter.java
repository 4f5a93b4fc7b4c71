package io.millrace.values.row;

import io.millrace.pipeline.file.Where;
import io.millrace.pipeline.type.ColumnType.Kind;
import io.millrace.pipeline.type.Literal;
import io.millrace.values.bytes.ByteReader;
import io.millrace.values.bytes.ByteWriter;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToIntFunction;

/** Tells which rows count. Immutable; several threads may use it. */
public final class Filter {

    private final List<List<Condition>> any;

    private Filter(List<List<Condition>> any) {
        this.any = any;
    }

    /**
     * @param where null for no filter
     * @param slot where a column is in the row
     * @return null for no filter
     */
    public static Filter of(Where where, ToIntFunction<String> slot) {
        return where == null ? null : new Filter(where.any().stream().map(all -> all.stream().map(c -> new Condition(
                slot.applyAsInt(c.column()), c.column(), c.comparison(), c.values().stream().map(Value::new).toList())).toList()).toList());
    }

    /** @throws IllegalArgumentException when the column holds something that the filter's value cannot be compared with */
    public boolean accepts(Row row) {
        for (var all : any) {
            boolean accepted = true;
            for (var condition : all) {
                accepted = accepted && condition.accepts(row);
            }
            if (accepted) {
                return true;
            }
        }
        return false;
    }

    private record Condition(int slot, String column, Where.Comparison comparison, List<Value> values) {

        boolean accepts(Row row) {
            boolean isNull = row.isNull(slot);
            return switch (comparison) {
                case IS_NULL -> isNull;
                case IS_NOT_NULL -> !isNull;
                case IN -> !isNull && holds(row);
                case NOT_IN -> !isNull && !holds(row);
                case AT_LEAST -> !isNull && compare(row) >= 0;
                case AT_MOST -> !isNull && compare(row) <= 0;
                case ABOVE -> !isNull && compare(row) > 0;
                case BELOW -> !isNull && compare(row) < 0;
            };
        }

        private boolean holds(Row row) {
            for (var value : values) {
                if (compare(row, value) == 0) {
                    return true;
                }
            }
            return false;
        }

        private int compare(Row row) {
            return compare(row, values.getFirst());
        }

        private int compare(Row row, Value value) {
            var cell = row.at(slot, new ByteReader());
            int kind = cell.get();
            cell.seek(cell.at() - 1);
            var other = value.ofKind[kind];
            if (other == null) {
                throw new IllegalArgumentException("the column " + column + " does not hold what the pipeline file compares it with: '" + value.text + "'");
            }
            var key = new ByteWriter(32);
            KeyEncoding.append(cell, key);
            return Arrays.compareUnsigned(key.array(), 0, key.size(), other, 0, other.length);
        }
    }

    /** A value of the file as a key, for each kind of cell that it may be compared with; null for others. */
    private record Value(String text, byte[][] ofKind) {

        Value(String text) {
            this(text, new byte[Cell.KINDS][]);
            for (int kind = 0; kind < Cell.KINDS; kind++) {
                ofKind[kind] = key(kind, text);
            }
        }

        private static byte[] key(int kind, String text) {
            var cell = new ByteWriter(text.length() + 16);
            try {
                if (!cell(kind, text, cell)) {
                    return null;
                }
            } catch (IllegalArgumentException e) {
                return null;
            }
            var key = new ByteWriter(cell.size());
            KeyEncoding.append(new ByteReader(cell.toBytes()), key);
            return key.toBytes();
        }

        private static boolean cell(int kind, String text, ByteWriter out) {
            switch (kind) {
                case Cell.FALSE, Cell.TRUE -> out.put(Literal.parse(Kind.BOOLEAN, text).equals(true) ? Cell.TRUE : Cell.FALSE);
                case Cell.INTEGER -> out.put(kind).putZigzag((Long) Literal.parse(Kind.BIGINT, text));
                case Cell.FLOAT -> out.put(kind).putInt(Float.floatToIntBits(Float.parseFloat(text)));
                case Cell.DOUBLE -> out.put(kind).putLong(Double.doubleToLongBits((Double) Literal.parse(Kind.DOUBLE, text)));
                case Cell.NUMERIC -> out.put(kind).putBlock(((BigDecimal) Literal.parse(Kind.NUMERIC, text)).toPlainString().getBytes(StandardCharsets.US_ASCII));
                case Cell.TEXT, Cell.PADDED, Cell.CASELESS -> out.put(kind).putBlock(text.getBytes(StandardCharsets.UTF_8));
                case Cell.DATE -> out.put(kind).putZigzag((Long) Literal.parse(Kind.DATE, text));
                case Cell.TIMESTAMP -> out.put(kind).putZigzag((Long) Literal.parse(Kind.TIMESTAMP, text));
                case Cell.TIME -> out.put(kind).putZigzag((Long) Literal.parse(Kind.TIME, text));
                default -> {
                    return false;
                }
            }
            return true;
        }
    }
}
