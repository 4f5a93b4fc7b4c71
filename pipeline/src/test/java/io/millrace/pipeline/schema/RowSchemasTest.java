package io.millrace.pipeline.schema;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.type.ColumnType;
import java.util.List;
import org.apache.avro.Schema;
import org.junit.jupiter.api.Test;

class RowSchemasTest {

    private static final TableName TABLE = new TableName("public", "monitor");

    @Test
    void theTextOfASchemaIsFixedBecauseTheRegistryKnowsItByItsText() {
        var columns = List.of(new Column("id", "int8", false, 0, 0, false), new Column("name", "varchar", false, 80, 0, true), new Column("tags", "text", true, 0, 0, true),
                new Column("price", "numeric", false, 10, 2, false), new Column("at", "timestamptz", false, 0, 0, true));
        assertEquals("{\"type\":\"record\",\"name\":\"monitor\",\"namespace\":\"demo.public\",\"fields\":["
                + "{\"name\":\"id\",\"type\":\"long\",\"pg.type\":\"int8\"},"
                + "{\"name\":\"name\",\"type\":[\"null\",\"string\"],\"default\":null,\"pg.type\":\"varchar\",\"pg.length\":80},"
                + "{\"name\":\"tags\",\"type\":[\"null\",{\"type\":\"array\",\"items\":[\"null\",\"string\"]}],\"default\":null,\"pg.type\":\"_text\"},"
                + "{\"name\":\"price\",\"type\":\"string\",\"pg.type\":\"numeric\",\"pg.length\":10,\"pg.scale\":2},"
                + "{\"name\":\"at\",\"type\":[\"null\",{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}],\"default\":null,\"pg.type\":\"timestamptz\"}]}",
                RowSchemas.value("demo", TABLE, columns).toString());
    }

    @Test
    void aKeyTakesNoNullAndHasANameOfItsOwn() {
        var key = RowSchemas.key("demo", TABLE, List.of(new Column("id", "int8", false, 0, 0, true)));
        assertEquals("demo.public.monitorKey", key.getFullName());
        assertEquals(Schema.Type.LONG, key.getField("id").schema().getType());
    }

    @Test
    void namesThatAvroRefusesAreEscapedAndStillKnown() {
        var schema = RowSchemas.value("my-shop", new TableName("Big One", "1st"), List.of(new Column("the name", "text", false, 0, 0, true)));
        assertEquals("my_2dshop.Big_20One._31st", schema.getFullName());
        assertEquals("the name", ColumnType.columnName(schema.getFields().getFirst()));
        assertEquals(schema, new Schema.Parser().parse(schema.toString()));
    }

    @Test
    void everyEncodingIsReadBackAsAKindOfColumn() {
        for (var type : List.of("int4", "int8", "float4", "float8", "bool", "text", "bytea", "date", "timestamp", "timestamptz", "time", "numeric", "jsonb", "mood")) {
            var field = RowSchemas.value("demo", TABLE, List.of(new Column("c", type, false, 0, 0, true))).getField("c");
            assertTrue(ColumnType.of(field).nullable(), type);
        }
    }

    @Test
    void aTypeOfTheUsersIsNamedWithoutSchemaAndQuotes() {
        assertEquals("mood", PgTypes.name(20_000, "\"App\".\"mood\"", false));
        assertEquals("mood", PgTypes.name(20_001, "_mood", true));
        assertEquals("int8", PgTypes.name(20, "bigserial", false));
    }

    @Test
    void aTypeOfTheUsersWithTheNameOfABuiltInOneIsAText() {
        for (var name : List.of("date", "public.date", "\"public\".\"date\"", "Date")) {
            var column = Column.ofCatalog("c", 20_000, name, false, -1, true);
            assertEquals("\"date\"", column.pgType(), name);
            assertEquals(ColumnType.Kind.KEYWORD, ColumnType.of(RowSchemas.value("demo", TABLE, List.of(column)).getField("c")).kind(), name);
        }
        var array = ColumnType.of(RowSchemas.value("demo", TABLE, List.of(Column.ofCatalog("c", -2, "_numeric", true, -1, true))).getField("c"));
        assertEquals(ColumnType.Kind.KEYWORD, array.element().kind());
        assertEquals("regclass", PgTypes.name(2205, "regclass", false));
    }
}
