package io.millrace.tests.bench.search;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;

/** A page that is asked, with everything that answering it takes on either side. */
interface Page {

    /** Of the pipeline and its alias. */
    String name();

    Path pipeline();

    /** How many of its things the large organisation, or the whole page, has where nobody says another number. */
    int defaultSize();

    /** Monitors of the demo that the page needs. */
    int monitors(int size);

    /** Makes and fills tables that the demo does not have. */
    void load(Connection connection, int size) throws SQLException;

    /** Statement that counts the rows that become documents. */
    String rows();

    /** How Postgres answers, the plain schema first; each one's setup stays for those after it. */
    List<SqlPage> sql();

    /** The question as the search engine takes it. */
    Map<String, Object> search(Question question);

    /** A hit's row, from its source. */
    Map<String, Object> row(JsonNode source);

    /** A mix of questions, the same for the same rows. */
    List<Question> questions(Connection connection, int count) throws SQLException;

    /** Whether the demo's traffic changes what the page shows. */
    boolean hasTraffic();
}
