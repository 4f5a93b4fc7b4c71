package io.millrace.capture.column;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.debezium.spi.converter.CustomConverter.Converter;
import io.debezium.spi.converter.RelationalColumn;
import java.sql.Types;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ColumnConverterTest {

    /** A column of a built-in type as Debezium describes it. */
    private record Described(int nativeType, String typeName) implements RelationalColumn {

        @Override
        public String name() {
            return "pay";
        }

        @Override
        public String dataCollection() {
            return "public.staff";
        }

        @Override
        public int jdbcType() {
            return Types.OTHER;
        }

        @Override
        public String typeExpression() {
            return typeName;
        }

        @Override
        public OptionalInt length() {
            return OptionalInt.empty();
        }

        @Override
        public OptionalInt scale() {
            return OptionalInt.empty();
        }

        @Override
        public boolean isOptional() {
            return true;
        }

        @Override
        public Object defaultValue() {
            return null;
        }

        @Override
        public boolean hasDefaultValue() {
            return false;
        }
    }

    @ParameterizedTest
    @CsvSource({"23, int4, NumberFormatException", "1082, date, IllegalArgumentException", "1184, timestamptz, IllegalArgumentException", "17, bytea, NumberFormatException", "1007, _int4, IllegalArgumentException"})
    void aValueThatIsNoneOfItsTypeIsToldWithoutIt(int oid, String type, String kind) {
        var converter = new AtomicReference<Converter>();
        new ColumnConverter().converterFor(new Described(oid, type), (_, made) -> converter.set(made));
        var e = assertThrows(IllegalArgumentException.class, () -> converter.get().convert("\\xsecret"));
        assertEquals("A row of the table public.staff cannot be written: the value of its column 'pay' is no " + type + " as Postgres prints it (" + kind + ")", e.getMessage());
        assertNull(e.getCause(), "its words would hold the value");
    }
}
