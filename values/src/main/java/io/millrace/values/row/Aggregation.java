package io.millrace.values.row;

import io.millrace.pipeline.file.Many.Aggregate.Function;
import io.millrace.values.bytes.ByteReader;
import io.millrace.values.bytes.ByteWriter;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.Arrays;

/** One value of many, as Postgres's aggregate functions make it. Not thread-safe. */
public final class Aggregation {

    private static final int LEAST_DIGITS = 16;
    private static final int LARGEST_SCALE = 1_000;
    private static final int DIGITS_OF_GROUP = 4;

    private final Function function;
    private long count;
    private int kind = Cell.NULL;
    private long whole;
    private BigDecimal exact = BigDecimal.ZERO;
    private double floating;
    private float single;
    /** Of numerics: NaN or an infinity that the sum has become. */
    private double special;
    private byte[] best;
    private byte[] bestKey;

    public Aggregation(Function function) {
        this.function = function;
    }

    /** A row of which nothing but its being there is asked. */
    public void add() {
        count++;
    }

    /** @param value stands at a cell; null does not count */
    public void add(ByteReader value) {
        int from = value.at();
        int cell = value.get();
        if (cell == Cell.NULL) {
            return;
        }
        count++;
        switch (function) {
            case COUNT, EXISTS -> { }
            case SUM, AVERAGE -> {
                kind = kind == Cell.NULL || cell == Cell.NUMERIC ? cell : kind;
                sum(cell, value);
            }
            case MIN, MAX -> {
                value.seek(from);
                choose(value);
            }
        }
    }

    private void sum(int cell, ByteReader value) {
        switch (cell) {
            case Cell.INTEGER -> whole(value.getZigzag());
            case Cell.NUMERIC -> numeric(value.getUtf8());
            case Cell.FLOAT -> {
                float next = Float.intBitsToFloat(value.getInt());
                single = count == 1 ? next : single + next;
                floating += next;
            }
            case Cell.DOUBLE -> {
                double next = Double.longBitsToDouble(value.getLong());
                floating = count == 1 && function == Function.SUM ? next : floating + next;
            }
            default -> throw new IllegalArgumentException("a sum needs numbers");
        }
    }

    private void whole(long next) {
        long sum = whole + next;
        if (((whole ^ sum) & (next ^ sum)) < 0) {
            exact = exact.add(new BigDecimal(BigInteger.valueOf(whole)));
            sum = next;
        }
        whole = sum;
    }

    private void numeric(String text) {
        if (text.endsWith("N")) {
            special = Double.NaN;
        } else if (text.endsWith("y")) {
            special += text.startsWith("-") ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
        } else {
            exact = exact.add(new BigDecimal(text));
        }
    }

    /** Of equal values the later one, as Postgres. */
    private void choose(ByteReader value) {
        int from = value.at();
        var key = new ByteWriter(32);
        KeyEncoding.append(value, key);
        var candidate = key.toBytes();
        int order = bestKey == null ? 0 : Arrays.compareUnsigned(candidate, bestKey);
        if (function == Function.MIN ? order <= 0 : order >= 0) {
            bestKey = candidate;
            best = Arrays.copyOfRange(value.array(), from, value.at());
        }
    }

    /** Appends the result as JSON. */
    public void end(ByteWriter out) {
        switch (function) {
            case COUNT -> out.putAscii(Long.toString(count));
            case EXISTS -> out.putAscii(count > 0 ? "true" : "false");
            case MIN, MAX -> CellJson.append(new ByteReader(best == null ? Cell.NULL_CELL : best), out);
            case SUM, AVERAGE -> {
                if (count == 0) {
                    out.putAscii("null");
                } else {
                    result(out);
                }
            }
        }
    }

    private void result(ByteWriter out) {
        switch (kind) {
            case Cell.DOUBLE -> floating(function == Function.SUM ? floating : floating / count, out);
            case Cell.FLOAT -> {
                if (function == Function.SUM) {
                    CellJson.append(new ByteReader(new ByteWriter(5).put(Cell.FLOAT).putInt(Float.floatToIntBits(single)).toBytes()), out);
                } else {
                    floating(floating / count, out);
                }
            }
            default -> {
                var sum = exact.add(BigDecimal.valueOf(whole));
                if (special != 0) {
                    out.putAscii(Double.isNaN(special) ? "\"NaN\"" : special > 0 ? "\"Infinity\"" : "\"-Infinity\"");
                } else {
                    out.putAscii((function == Function.SUM ? sum : quotient(sum, count)).toPlainString());
                }
            }
        }
    }

    private static void floating(double value, ByteWriter out) {
        CellJson.append(new ByteReader(new ByteWriter(9).put(Cell.DOUBLE).putLong(Double.doubleToLongBits(value)).toBytes()), out);
    }

    /**
     * The quotient with as many digits behind the point as Postgres chooses: 16 significant ones, counted in its groups
     * of four, and not fewer than the dividend has.
     *
     * @see <a href="https://github.com/postgres/postgres/blob/REL_18_STABLE/src/backend/utils/adt/numeric.c">select_div_scale</a>
     */
    static BigDecimal quotient(BigDecimal dividend, long divisor) {
        var by = BigDecimal.valueOf(divisor);
        int groups = weight(dividend) - weight(by) - (firstGroup(dividend).compareTo(firstGroup(by)) <= 0 ? 1 : 0);
        int scale = Math.min(LARGEST_SCALE, Math.max(Math.max(0, dividend.scale()), LEAST_DIGITS - groups * DIGITS_OF_GROUP));
        return dividend.divide(by, scale, RoundingMode.HALF_UP);
    }

    /** The power of 10,000 of the first group of digits. */
    private static int weight(BigDecimal number) {
        return number.signum() == 0 ? 0 : Math.floorDiv(number.precision() - number.scale() - 1, DIGITS_OF_GROUP);
    }

    private static BigInteger firstGroup(BigDecimal number) {
        return number.abs().movePointLeft(DIGITS_OF_GROUP * weight(number)).toBigInteger();
    }
}
