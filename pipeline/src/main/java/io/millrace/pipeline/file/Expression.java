package io.millrace.pipeline.file;

import jakarta.validation.Valid;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotEmpty;
import jakarta.validation.constraints.NotNull;
import java.util.List;
import java.util.stream.Stream;

/**
 * A value made from one row. The README of this module gives for each the SQL expression that it equals; the <em>text</em>
 * of a value is what the document shows for it, without the quotes.
 */
public sealed interface Expression {

    /** What the value is made of. */
    default List<Expression> operands() {
        return List.of();
    }

    /** The columns that the value is made of, by their names in the catalog. */
    default Stream<String> columns() {
        return operands().stream().flatMap(Expression::columns);
    }

    /** The value of one column, by the column's name in the catalog. */
    record Column(@NotBlank String name) implements Expression {
        @Override
        public Stream<String> columns() {
            return Stream.of(name);
        }
    }

    /** The same value in every document. */
    record Constant(Kind kind, String text) implements Expression {
        /** What the file says: a text, a number as it is written there, true or false. */
        public enum Kind { TEXT, NUMBER, BOOLEAN }
    }

    /**
     * The texts of all parts that are not null, one after the other.
     *
     * @param delimiter what stands between them; mostly nothing
     */
    record Concat(@NotEmpty List<@Valid Expression> parts, @NotNull String delimiter) implements Expression {
        public Concat(List<Expression> parts) {
            this(parts, "");
        }

        /** Without a delimiter as versions wrote it that knew none: what they made of it still counts. */
        @Override
        public String toString() {
            return "Concat[parts=" + parts + (delimiter.isEmpty() ? "" : ", delimiter=" + delimiter) + "]";
        }

        @Override
        public List<Expression> operands() {
            return parts;
        }
    }

    /** The first value that is not null. */
    record Coalesce(@NotEmpty List<@Valid Expression> options) implements Expression {
        @Override
        public List<Expression> operands() {
            return options;
        }
    }

    /** The value as another type. */
    record Cast(@NotNull @Valid Expression of, @NotNull Type to) implements Expression {
        /** What a value can be cast to. */
        public enum Type { TEXT, INTEGER, BIGINT, NUMERIC, DOUBLE, BOOLEAN, DATE }

        @Override
        public List<Expression> operands() {
            return List.of(of);
        }
    }

    /** What stands at a path inside JSON: names of members and, in arrays, places counted from 0 or, below 0, from the end. */
    record JsonPath(@NotNull @Valid Expression of, @NotEmpty List<String> path) implements Expression {
        @Override
        public List<Expression> operands() {
            return List.of(of);
        }
    }

    /** One element of an array, counted from 1. */
    record Element(@NotNull @Valid Expression of, @Min(1) int at) implements Expression {
        @Override
        public List<Expression> operands() {
            return List.of(of);
        }
    }

    /** A text made of a text. */
    record Text(@NotNull Function function, @NotNull @Valid Expression of) implements Expression {
        /** LOWER and UPPER change letters one by one, as Unicode maps them; TRIM takes blanks off both ends; HASH is SHA-256 in hex. */
        public enum Function { LOWER, UPPER, TRIM, HASH }

        @Override
        public List<Expression> operands() {
            return List.of(of);
        }
    }

    /** The text with another text in each place in which one stands, from the left. */
    record Replace(@NotNull @Valid Expression of, @NotEmpty String find, @NotNull String with) implements Expression {
        @Override
        public List<Expression> operands() {
            return List.of(of);
        }
    }

    /** The text with a star in the place of each character but the last {@code keep}. */
    record Mask(@NotNull @Valid Expression of, @Min(0) @Max(1000) int keep) implements Expression {
        @Override
        public List<Expression> operands() {
            return List.of(of);
        }
    }

    /** A point on the globe, in degrees; null where one of the two is. Only as a field of its own. */
    record GeoPoint(@NotNull @Valid Expression lat, @NotNull @Valid Expression lon) implements Expression {
        @Override
        public List<Expression> operands() {
            return List.of(lat, lon);
        }
    }
}
