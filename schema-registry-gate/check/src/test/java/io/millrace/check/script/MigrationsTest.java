package io.millrace.check.script;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.check.CheckException;
import io.millrace.check.Rule;
import io.millrace.check.script.Migration.Runner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MigrationsTest {

    @TempDir
    private Path folder;

    private void write(String name, String text) throws IOException {
        var file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    private List<Migration> read() {
        return Migrations.read(List.of(folder), Map.of("schema", "sales"));
    }

    private List<String> names() {
        return read().stream().map(m -> folder.relativize(Path.of(m.name())).toString()).toList();
    }

    private String refusal() {
        return assertThrows(CheckException.class, this::read).getMessage();
    }

    @Test
    void flywaysVersionsAreNumbersAndRepeatablesComeLast() throws IOException {
        for (var name : List.of("V10__c.sql", "R__views.sql", "V2__b.sql", "V1.1__a.sql", "sub/V1_2__d.sql", "U2__b.sql", "beforeMigrate.sql")) {
            write(name, "SELECT 1;");
        }
        assertEquals(List.of("V1.1__a.sql", "sub/V1_2__d.sql", "V2__b.sql", "V10__c.sql", "R__views.sql"), names());
    }

    @Test
    void aBaselineOfFlywayStandsForWhatIsBeforeIt() throws IOException {
        for (var name : List.of("V1__a.sql", "B3__all.sql", "V3__c.sql", "V4__d.sql")) {
            write(name, "SELECT 1;");
        }
        assertEquals(List.of("B3__all.sql", "V4__d.sql"), names());
    }

    @Test
    void flywaysPlaceholdersAndScriptSettingsCount() throws IOException {
        write("V1__a.sql", "CREATE TABLE ${schema}.t ();");
        write("V1__a.sql.conf", "executeInTransaction=false\n");
        var migration = read().getFirst();
        assertEquals("CREATE TABLE sales.t ()", migration.statements().getFirst().text());
        assertEquals(Runner.UNWRAPPED, migration.runner());
    }

    @Test
    void changesetsOfLiquibaseAreRunInTheirOrderWithTheirAttributes() throws IOException {
        write("a.sql", """
                --liquibase formatted sql
                --changeset ann:1
                SELECT 1;
                --rollback SELECT 9;
                --changeset "bob":2 runInTransaction:false dbms:postgresql
                SELECT 2;
                --ignoreLines:1
                SELECT oops
                SELECT 3;
                --changeset ann:3 dbms:mysql
                SELECT 4;
                --changeset ann:4 splitStatements:false
                SELECT 5; SELECT 6;
                """);
        var changesets = read();
        assertEquals(List.of(1, 2, 1), changesets.stream().map(m -> m.statements().size()).toList());
        assertEquals(List.of(Runner.LIQUIBASE, Runner.UNWRAPPED, Runner.LIQUIBASE), changesets.stream().map(Migration::runner).toList());
        assertEquals(9, changesets.get(1).statements().getLast().line());
        assertTrue(changesets.getFirst().name().endsWith("a.sql::1::ann"), changesets.getFirst().name());
    }

    @Test
    void plainFilesOfAFolderAreSortedAndListedOnesStay() throws IOException {
        write("002_b.sql", "SELECT 2;");
        write("001_a.sql", "SELECT 1;");
        assertEquals(List.of("001_a.sql", "002_b.sql"), names());
        var listed = Migrations.read(List.of(folder.resolve("002_b.sql"), folder.resolve("001_a.sql")), Map.of());
        assertEquals("SELECT 2", listed.getFirst().statements().getFirst().text());
    }

    @Test
    void filesInTwoOrdersAreRefused() throws IOException {
        write("10_b.sql", "SELECT 2;");
        write("2_a.sql", "SELECT 1;");
        assertTrue(refusal().contains("in two orders: by name"), refusal());
        Files.delete(folder.resolve("10_b.sql"));
        write("V1__a.sql", "SELECT 1;");
        assertTrue(refusal().contains("in two orders: ") && refusal().contains("Flyway"), refusal());
        Files.delete(folder.resolve("2_a.sql"));
        write("V1.0__again.sql", "SELECT 1;");
        assertTrue(refusal().contains("have the same version"), refusal());
    }

    private List<String> statements() {
        return read().stream().flatMap(m -> m.statements().stream()).map(Statement::text).toList();
    }

    @Test
    void ofAFileWithAWayBackOnlyTheWayForwardIsTakenAndLinesKeepTheirNumbers() throws IOException {
        var forms = Map.of("-- +goose Up", "-- +goose Down", "-- migrate:up", "-- migrate:down", "-- +migrate Up", "-- +migrate Down", "-- Up Migration", "-- Down Migration");
        for (var form : forms.entrySet()) {
            write("1_a.sql", form.getKey() + "\nSELECT 1;\n\n" + form.getValue() + "\nSELECT 2;\n");
            assertEquals(List.of("SELECT 1"), statements(), form.getKey());
            assertEquals(Runner.WRAPPED, read().getFirst().runner());
            assertEquals(2, read().getFirst().statements().getFirst().line());
        }
        for (var bare : List.of("-- +goose NO TRANSACTION\n-- +goose Up", "-- migrate:up transaction:false", "-- +migrate Up notransaction")) {
            write("1_a.sql", bare + "\nSELECT 1;\n");
            assertEquals(Runner.UNWRAPPED, read().getFirst().runner(), bare);
        }
    }

    @Test
    void filesOfTheWayBackAreLeftOutAndNumbersOrderTheOthers() throws IOException {
        for (var name : List.of("10_c.up.sql", "10_c.down.sql", "2_b.up.sql", "2_b.down.sql")) {
            write(name, "SELECT 1;");
        }
        assertEquals(List.of("2_b.up.sql", "10_c.up.sql"), names());
        for (var name : List.of("10_c.up.sql", "2_b.up.sql", "10_c.down.sql")) {
            Files.delete(folder.resolve(name));
        }
        assertTrue(refusal().contains("2_b.down.sql only undoes one"), refusal());
    }

    @Test
    void aNameThatHappensToEndLikeAWayBackIsAMigration() throws IOException {
        write("1_clean-up.sql", "SELECT 1;");
        write("2_wal-level-goes-down.sql", "SELECT 1;");
        assertEquals(List.of("1_clean-up.sql", "2_wal-level-goes-down.sql"), names());
    }

    @Test
    void theMarkOfAnEncodingIsNoPartOfTheFirstStatement() throws IOException {
        write("1_a.sql", "\uFEFFSELECT 1;");
        assertEquals(List.of("SELECT 1"), statements());
    }

    @Test
    void aDumpThatMakesItsDatabaseIsTakenWithoutThat() throws IOException {
        write("dump.sql", "--\n-- PostgreSQL database dump\n--\nCREATE DATABASE shop WITH TEMPLATE = template0;\n\\connect shop\nSET search_path = '';\nCREATE TABLE public.a (id int);\n");
        assertEquals(List.of("SET search_path = ''", "CREATE TABLE public.a (id int)"), statements());
    }

    @Test
    void ofADumpOfAServerTheOneDatabaseWithTablesIsTaken() throws IOException {
        var head = "--\n-- PostgreSQL database cluster dump\n--\nCREATE ROLE app;\n\\connect template1\nSELECT 1;\nCREATE DATABASE shop;\n";
        var shop = "\\connect -reuse-previous=on \"dbname='shop'\"\nCREATE TABLE public.a (id int);\n";
        write("dump.sql", head + shop);
        assertEquals(List.of("CREATE ROLE app", "CREATE TABLE public.a (id int)"), statements());
        write("dump.sql", head + shop + "\\connect bank\nCREATE TABLE public.b (id int);\n");
        assertTrue(refusal().contains("holds several databases (shop, bank)"), refusal());
    }

    @Test
    void whatIsNoSqlIsNamed() throws IOException {
        write("dump.sql", "PGDMP\u0001\u0010");
        assertTrue(refusal().contains("pg_restore --schema-only"), refusal());
        Files.write(folder.resolve("dump.sql"), new byte[] {0x1f, (byte) 0x8b, 8, 0});
        assertTrue(refusal().contains("is compressed"), refusal());
    }

    @Test
    void anEmptyFolderIsRefused() {
        assertTrue(refusal().contains("holds no migration"), refusal());
    }

    @Test
    void aWaiverNamesItsRuleItsEndAndItsReason() throws IOException {
        write("a.sql", "SELECT 1;\n-- millrace:allow table-dropped until=2027-01-01 reason=nobody reads it any more\nDROP TABLE t;\n");
        var waiver = read().getFirst().waivers().getFirst();
        assertEquals(Rule.TABLE_DROPPED, waiver.rule());
        assertEquals(LocalDate.of(2027, 1, 1), waiver.until());
        assertEquals("nobody reads it any more", waiver.reason());
        assertEquals(2, waiver.line());
    }

    @Test
    void aWaiverThatLacksAPartIsRefusedWithItsLine() throws IOException {
        for (var text : List.of("table-dropped until=2027-01-01", "no-such-rule until=2027-01-01 reason=x", "table-dropped until=soon reason=x")) {
            write("a.sql", "SELECT 1;\n-- millrace:allow " + text + "\n");
            assertTrue(refusal().contains("a.sql:2: "), refusal());
        }
    }
}
