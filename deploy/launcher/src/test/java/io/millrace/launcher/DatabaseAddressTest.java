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
        assertEquals("jdbc:postgresql://h/db?sslmode=verify-full&sslrootcert=/ca.pem", DatabaseAddress.of("jdbc:postgresql://h/db?user=a&sslmode=verify-full&password=b&sslrootcert=/ca.pem&sslpassword=c").plain());
        assertEquals("jdbc:postgresql://h/db?sslmode=require", DatabaseAddress.of("postgresql://ada:secret@h/db?sslmode=require").plain());
    }

    @Test
    void aLoginThatIsNoUriIsRefusedWithoutAPartOfThePassword() {
        var refused = assertThrows(LocalException.class, () -> DatabaseAddress.of("postgresql://ada:50%off@h/db"));
        assertEquals("The login in the address is not written as a URI wants it: a % in it is written %25, @ is %40 and / is %2F", refused.getMessage());
    }

    @Test
    void anotherDatabaseIsRefusedWithoutItsPassword() {
        var refused = assertThrows(LocalException.class, () -> DatabaseAddress.of("mysql://ada:secret@db.example/shop"));
        assertTrue(refused.getMessage().startsWith("'mysql://…@db.example/shop' is no address of a PostgreSQL database; give one with --url "), refused.getMessage());
        var unescaped = assertThrows(LocalException.class, () -> DatabaseAddress.of("postgresql://ada:se/c@ret@db.example/shop"));
        assertTrue(unescaped.getMessage().startsWith("'postgresql://…@db.example/shop' is no address of a PostgreSQL database;"), unescaped.getMessage());
    }
}
