package io.millrace.console.manage;

import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;

/** One that can be asked for monitors. Thread-safe. */
interface Side {

    /** No part of an answer is waited for any longer. */
    Duration LONGEST = Duration.ofSeconds(10);

    /** For one user; what only the first question costs is behind it. The caller closes it. */
    Session open(Question question) throws IOException, SQLException;

    /** One user, who has the answer before asking again. */
    interface Session extends AutoCloseable {

        Answer ask() throws IOException, SQLException, InterruptedException;

        @Override
        void close();
    }
}
