package io.millrace.tests.bench.search;

import java.io.IOException;
import java.sql.SQLException;

/** Somebody who answers the page's questions. */
interface Side {

    String name();

    /** What one user holds on to. */
    interface Session extends AutoCloseable {

        Answer ask(Question question) throws SQLException, IOException, InterruptedException;

        @Override
        default void close() throws SQLException {}
    }

    Session open() throws SQLException;
}
