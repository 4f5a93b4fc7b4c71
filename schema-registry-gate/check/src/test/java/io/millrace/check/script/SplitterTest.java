package io.millrace.check.script;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.check.CheckException;
import java.util.List;
import org.junit.jupiter.api.Test;

class SplitterTest {

    private static List<String> texts(String sql) {
        return Splitter.split("f.sql", 1, sql, ";").stream().map(Statement::text).toList();
    }

    @Test
    void semicolonsInQuotesCommentsAndParenthesesEndNothing() {
        var sql = List.of("SELECT 'a;b', \"c;d\", $$e;f$$, $x$g;$$;h$x$, E'i\\';j'", "SELECT 1 /* ; /* ; */ ; */ -- ;\n + 2", "CREATE RULE r AS ON UPDATE TO t DO ALSO (SELECT 1; SELECT 2)", "SELECT $1, a$b$c");
        assertEquals(sql, texts(String.join(";\n", sql) + ";"));
    }

    @Test
    void aWordThatEndsInAnEBeforeAQuoteHasNoEscapes() {
        assertEquals(List.of("SELECT a LIKE'x\\'", "SELECT 2"), texts("SELECT a LIKE'x\\'; SELECT 2"));
    }

    @Test
    void theBodyOfAnSqlFunctionIsOneStatement() {
        var body = "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 ELSE 2 END; SELECT 2; END";
        assertEquals(List.of(body, "BEGIN", "SELECT 1", "END"), texts(body + "; BEGIN; SELECT 1; END;"));
    }

    @Test
    void rowsBehindACopyAreItsDataAndNoSql() {
        var statements = Splitter.split("f.sql", 1, "COPY t (a) FROM stdin;\nx; y\t\n'\n\\.\nSELECT 1;\n", ";");
        assertEquals(2, statements.size());
        assertEquals("x; y\t\n'\n", statements.getFirst().data());
        assertEquals(5, statements.getLast().line());
        assertNull(statements.getLast().data());
    }

    @Test
    void linesAreCountedFromTheFirstTokenAndToAPositionOfPostgres() {
        var statement = Splitter.split("f.sql", 10, "-- a comment\n\n  SELECT\n  1,\n  oops;\n", ";").getFirst();
        assertEquals(12, statement.line());
        assertEquals(14, statement.endLine());
        assertEquals(14, statement.lineOf(statement.text().indexOf("oops") + 1));
    }

    @Test
    void whatPgDumpWritesForPsqlIsPassedOverAndOtherCommandsAreRefused() {
        assertEquals(List.of("SELECT 1"), texts("\\restrict abc\nSELECT 1;\n\\unrestrict abc\n"));
        var refusal = assertThrows(CheckException.class, () -> texts("SELECT 1;\n\\connect other\n"));
        assertTrue(refusal.getMessage().startsWith("f.sql:2: '\\connect other'"), refusal.getMessage());
    }

    @Test
    void nothingIsNothing() {
        assertEquals(List.of(), texts(" ;; -- x\n /* y */ ;"));
    }
}
