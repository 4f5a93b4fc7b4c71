package io.millrace.values.row;

import io.millrace.pipeline.file.Expression;
import io.millrace.values.bytes.ByteReader;
import io.millrace.values.bytes.ByteWriter;
import io.millrace.values.json.JsonPath;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.StringJoiner;
import java.util.function.ToIntFunction;

/** A value that is made from a stored row, of cells that say themselves what they are. Immutable; several threads may use it. */
public sealed interface Formula {

    /**
     * Appends the value as one cell; what stands behind {@code out}'s present end is used as scratch.
     *
     * @throws IllegalArgumentException where SQL would refuse the value
     */
    void append(Row row, ByteWriter out);

    /**
     * What a document shows for the value, without quotes; null for null.
     *
     * @throws IllegalArgumentException where SQL would refuse the value
     */
    default String textOf(Row row) {
        return shown(this, row, new ByteWriter(64));
    }

    /** @param slot where a column is in the row */
    static Formula of(Expression expression, ToIntFunction<String> slot) {
        return switch (expression) {
            case Expression.Column(var name) -> new Column(slot.applyAsInt(name));
            case Expression.Constant constant -> new Constant(cell(constant));
            case Expression.Concat(var parts, var delimiter) -> new Concat(all(parts, slot), delimiter);
            case Expression.Coalesce(var options) -> new Coalesce(all(options, slot));
            case Expression.Cast(var of, var to) -> new Cast(of(of, slot), to);
            case Expression.JsonPath(var of, var path) -> new Inside(of(of, slot), new JsonPath(path));
            case Expression.Element(var of, var at) -> new Element(of(of, slot), at);
            case Expression.Text(var function, var of) -> new Text(function, of(of, slot));
            case Expression.Replace(var of, var find, var with) -> new Replace(of(of, slot), find, with);
            case Expression.Mask(var of, var keep) -> new Mask(of(of, slot), keep);
            case Expression.GeoPoint(var lat, var lon) -> new Point(of(lat, slot), of(lon, slot));
        };
    }

    private static List<Formula> all(List<Expression> expressions, ToIntFunction<String> slot) {
        return expressions.stream().map(e -> of(e, slot)).toList();
    }

    private static byte[] cell(Expression.Constant constant) {
        var out = new ByteWriter(16);
        switch (constant.kind()) {
            case BOOLEAN -> out.put(constant.text().equals("true") ? Cell.TRUE : Cell.FALSE);
            case NUMBER -> out.put(Cell.NUMERIC).putBlock(constant.text().getBytes(StandardCharsets.US_ASCII));
            case TEXT -> text(constant.text(), out);
        }
        return out.toBytes();
    }

    private static void text(String text, ByteWriter out) {
        if (text == null) {
            out.put(Cell.NULL);
        } else {
            out.put(Cell.TEXT).putBlock(text.getBytes(StandardCharsets.UTF_8));
        }
    }

    /** The operand's value, as long as nothing more is written. */
    private static ByteReader read(Formula operand, Row row, ByteWriter out) {
        int from = out.size();
        operand.append(row, out);
        var value = new ByteReader().reset(out.array(), from, out.size());
        out.truncate(from);
        return value;
    }

    /** What the document would show for the operand, without quotes; null for null. */
    private static String shown(Formula operand, Row row, ByteWriter out) {
        return CellJson.shown(read(operand, row, out));
    }

    record Column(int slot) implements Formula {
        @Override
        public void append(Row row, ByteWriter out) {
            row.copy(slot, out);
        }
    }

    record Constant(byte[] cell) implements Formula {
        @Override
        public void append(Row row, ByteWriter out) {
            out.put(cell);
        }
    }

    record Concat(List<Formula> parts, String delimiter) implements Formula {
        @Override
        public void append(Row row, ByteWriter out) {
            var joined = new StringJoiner(delimiter);
            for (var part : parts) {
                var text = shown(part, row, out);
                if (text != null) {
                    joined.add(text);
                }
            }
            text(joined.toString(), out);
        }
    }

    record Coalesce(List<Formula> options) implements Formula {
        @Override
        public void append(Row row, ByteWriter out) {
            int from = out.size();
            for (var option : options) {
                out.truncate(from);
                option.append(row, out);
                if (out.array()[from] != Cell.NULL) {
                    return;
                }
            }
        }
    }

    record Cast(Formula of, Expression.Cast.Type to) implements Formula {
        @Override
        public void append(Row row, ByteWriter out) {
            Casts.append(read(of, row, out), to, out);
        }
    }

    record Inside(Formula of, JsonPath path) implements Formula {
        @Override
        public void append(Row row, ByteWriter out) {
            var value = read(of, row, out);
            int kind = value.get();
            if (kind != Cell.JSON) {
                CellJson.refuseBroken(kind, value);
                out.put(Cell.NULL);
                return;
            }
            var found = path.in(value.getBlock());
            if (found == null) {
                out.put(Cell.NULL);
            } else {
                out.put(Cell.JSON).putBlock(found);
            }
        }
    }

    record Element(Formula of, int at) implements Formula {
        @Override
        public void append(Row row, ByteWriter out) {
            var array = read(of, row, out);
            if (array.get() != Cell.ARRAY) {
                out.put(Cell.NULL);
                return;
            }
            var items = new ByteReader(array.getBlock());
            for (int i = 1; i < at && items.hasMore(); i++) {
                Cell.skip(items);
            }
            if (items.hasMore()) {
                int from = items.at();
                Cell.skip(items);
                out.put(items.array(), from, items.at() - from);
            } else {
                out.put(Cell.NULL);
            }
        }
    }

    record Text(Expression.Text.Function function, Formula of) implements Formula {
        @Override
        public void append(Row row, ByteWriter out) {
            var text = shown(of, row, out);
            text(text == null ? null : switch (function) {
                case LOWER -> letters(text, true);
                case UPPER -> letters(text, false);
                case TRIM -> trim(text);
                case HASH -> sha256(text);
            }, out);
        }

        /** Letter by letter, as Postgres's own collation pg_c_utf8: no letter becomes two. */
        private static String letters(String text, boolean lower) {
            var changed = new StringBuilder(text.length());
            text.codePoints().map(c -> lower ? Character.toLowerCase(c) : Character.toUpperCase(c)).forEach(changed::appendCodePoint);
            return changed.toString();
        }

        private static String trim(String text) {
            int from = 0;
            int to = text.length();
            while (from < to && text.charAt(from) == ' ') {
                from++;
            }
            while (to > from && text.charAt(to - 1) == ' ') {
                to--;
            }
            return text.substring(from, to);
        }

        private static String sha256(String text) {
            try {
                return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException("Every Java platform has SHA-256", e);
            }
        }
    }

    record Replace(Formula of, String find, String with) implements Formula {
        @Override
        public void append(Row row, ByteWriter out) {
            var text = shown(of, row, out);
            text(text == null ? null : text.replace(find, with), out);
        }
    }

    record Mask(Formula of, int keep) implements Formula {
        @Override
        public void append(Row row, ByteWriter out) {
            var text = shown(of, row, out);
            if (text != null) {
                int hidden = Math.max(0, text.codePointCount(0, text.length()) - keep);
                text = "*".repeat(hidden) + text.substring(text.offsetByCodePoints(0, hidden));
            }
            text(text, out);
        }
    }

    record Point(Formula lat, Formula lon) implements Formula {
        @Override
        public void append(Row row, ByteWriter out) {
            var json = new ByteWriter(48).putAscii("{\"lat\":");
            if (member(lat, row, out, json) && member(lon, row, out, json.putAscii(",\"lon\":"))) {
                out.put(Cell.JSON).putBlock(json.put('}').toBytes());
            } else {
                out.put(Cell.NULL);
            }
        }

        private static boolean member(Formula of, Row row, ByteWriter out, ByteWriter json) {
            var value = read(of, row, out);
            int from = value.at();
            boolean isNull = value.get() == Cell.NULL;
            value.seek(from);
            CellJson.append(value, json);
            return !isNull;
        }
    }
}
