package io.millrace.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.local.LocalException;
import org.junit.jupiter.api.Test;

class DatabaseAddressTest {

    @Test
    void whatPsqlTakesIsTurnedIntoWhatTheDriverTakes() {
        assertEquals(new DatabaseAddress("jdbc:postgresql://db.example:5433/shop?sslmode=require", "ada", "p+w/d@"), DatabaseAddress.of("postgresql://ada:p+w%2Fd%40@db.example:5433/shop?sslmode=require"));
        assertEquals(new DatabaseAddress("jdbc:postgresql://db.example/shop", "ada", null), DatabaseAddress.of("postgres://ada@db.example/shop"));
        assertEquals(new DatabaseAddress("jdbc:postgresql://[::1]:5432/shop", null, null), DatabaseAddress.of("postgresql://[::1]:5432/shop"));
        assertEquals(new DatabaseAddress("jdbc:postgresql://a:1,b:2/shop", null, null), DatabaseAddress.of("postgresql://a:1,b:2/shop"));
    }

    @Test
    void whatTheDriverTakesStaysAndIsShownWithoutItsLogin() {
        var address = DatabaseAddress.of("jdbc:postgresql://localhost:1/none?user=nobody&password=secret");
        assertEquals("jdbc:postgresql://localhost:1/none?user=nobody&password=secret", address.jdbc());
        assertEquals("jdbc:postgresql://localhost:1/none", address.plain());
    }

    @Test
    void anotherDatabaseIsRefusedWithoutItsPassword() {
        var refused = assertThrows(LocalException.class, () -> DatabaseAddress.of("mysql://ada:secret@db.example/shop"));
        assertTrue(refused.getMessage().startsWith("'mysql://…@db.example/shop' is no address of a PostgreSQL database; give one with --url "), refused.getMessage());
        var unescaped = assertThrows(LocalException.class, () -> DatabaseAddress.of("postgresql://ada:se/c@ret@db.example/shop"));
        assertTrue(unescaped.getMessage().startsWith("'postgresql://…@db.example/shop' is no address of a PostgreSQL database;"), unescaped.getMessage());
    }
}
