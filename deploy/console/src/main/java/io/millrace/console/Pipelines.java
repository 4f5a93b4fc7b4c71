package io.millrace.console;

import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.PipelineFiles;
import jakarta.inject.Singleton;
import jakarta.ws.rs.NotFoundException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Properties;

/** The configured pipelines and the way to their database. Immutable. */
@Singleton
public class Pipelines {

    private static final Duration LONGEST = Duration.ofSeconds(30);
    /** The server, which gives up first, says why. */
    private static final Duration LATER = Duration.ofSeconds(2);

    private final List<Pipeline> all;

    Pipelines(ConsoleConfig config) {
        all = PipelineFiles.load(config.pipelines()).stream().map(PipelineFile::pipeline).toList();
    }

    public List<Pipeline> all() {
        return all;
    }

    /** @throws NotFoundException when there is no such pipeline */
    public Pipeline named(String name) {
        return all.stream().filter(p -> p.name().equals(name)).findFirst()
                .orElseThrow(() -> new NotFoundException("There is no pipeline " + name + "; known are " + all.stream().map(Pipeline::name).toList()));
    }

    /** A connection that can read only; the caller closes it. Queries end after half a minute. */
    public static Connection connect(Pipeline pipeline) throws SQLException {
        return connect(pipeline, LONGEST);
    }

    /** The same for queries that end after another time, whole seconds of it. */
    public static Connection connect(Pipeline pipeline, Duration longest) throws SQLException {
        var source = pipeline.source();
        var properties = new Properties();
        properties.setProperty("user", source.user().resolve());
        properties.setProperty("password", source.password().resolve());
        properties.setProperty("connectTimeout", "3");
        properties.setProperty("socketTimeout", Long.toString(longest.plus(LATER).toSeconds()));
        properties.setProperty("ApplicationName", "millrace console");
        properties.setProperty("options", "-c default_transaction_read_only=on -c statement_timeout=" + longest.toSeconds() + "s");
        var url = source.url().resolve();
        // The driver's manager would quote it, with the password that may stand in it.
        if (!url.startsWith("jdbc:postgresql:")) {
            throw new SQLException("the URL of the source " + source.name() + " must begin with jdbc:postgresql:");
        }
        return DriverManager.getConnection(url, properties);
    }
}
