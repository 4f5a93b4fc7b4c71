package io.millrace.launcher;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.millrace.local.LocalException;
import io.millrace.pipeline.catalog.CatalogCheck;
import io.millrace.pipeline.catalog.CatalogReader;
import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.sql.JoinSql;
import io.millrace.pipeline.wording.Counted;
import io.millrace.provisioner.draft.PipelineDraft;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

@Command(name = "init", mixinStandardHelpOptions = true, description = "Drafts a pipeline file from a database that is there: follows the foreign keys of one table, proposes fields, says what it leaves out and why, "
        + "and shows the SQL that the documents equal with one of them. It only reads.")
final class InitCommand implements Callable<Integer> {

    /** The variable that a drafted file takes the address from. */
    private static final String URL = "MILLRACE_SOURCE_URL";
    private static final int LONGEST_NAME = 40;
    /** Numbers are shown as Postgres writes them. */
    private static final JsonMapper JSON = JsonMapper.builder().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS).disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES).build();

    @Spec
    private CommandSpec spec;
    @Option(names = "--url", paramLabel = "URL", converter = DatabaseAddress.Typed.class, description = "Address of the database, as JDBC or psql takes it: jdbc:postgresql://HOST:PORT/DATABASE or postgresql://USER@HOST:PORT/DATABASE. A password that stands in it is seen by everybody who may list this machine's processes; the variable of --password-env is not. Default: what MILLRACE_SOURCE_URL says.")
    private DatabaseAddress url;
    @Option(names = "--user", paramLabel = "NAME", description = "Who reads the catalog. Default: who stands in the address, else what MILLRACE_SOURCE_USER says.")
    private String user;
    @Option(names = "--password-env", paramLabel = "NAME", defaultValue = "MILLRACE_SOURCE_PASSWORD", description = "The variable that holds the password. Default: ${DEFAULT-VALUE}")
    private String passwordVariable;
    @Option(names = "--root", paramLabel = "TABLE", converter = Table.class, required = true, description = "The table whose rows become documents: schema.table")
    private TableName root;
    @Option(names = "--name", paramLabel = "NAME", description = "Of the pipeline and its index. Default: the table's.")
    private String name;
    @Option(names = "--source", paramLabel = "NAME", description = "Of the database, in topics and slot; the same in all files over it. Default: the database's.")
    private String source;
    @Within(of = "how many foreign keys", from = 1)
    @Option(names = "--depth", paramLabel = "N", defaultValue = "2", description = "How many foreign keys are followed one after the other. Default: ${DEFAULT-VALUE}")
    private int depth;
    @Option(names = "--output", paramLabel = "FILE", description = "Where to write it; a file that exists is not replaced. Default: NAME.yaml here.")
    private Path output;

    @Override
    public Integer call() throws SQLException, IOException {
        var address = address();
        try (var connection = connect(address)) {
            var pipeline = name == null ? plain(root.table()) : name;
            var file = output == null ? Path.of(pipeline + ".yaml") : output;
            if (Files.exists(file)) {
                throw new LocalException(file + " exists, and is not replaced. Give another one with --output");
            }
            Files.writeString(file, PipelineDraft.of(connection, root, pipeline, source == null ? plain(connection.getCatalog()) : source, depth));
            return tell(connection, PipelineFiles.load(List.of(file)).getFirst(), address, spec.commandLine().getOut());
        }
    }

    private int tell(Connection connection, PipelineFile file, DatabaseAddress address, PrintWriter out) throws SQLException {
        var catalog = CatalogReader.read(connection, file.pipeline().tableNames());
        out.printf("%s written: %s. Take out what the page does not show.%n", file.path(), Counted.of(file.pipeline().tableNames().size(), "table"));
        var problems = CatalogCheck.check(file, catalog);
        problems.forEach(problem -> out.println("To be put right by you: " + problem));
        if (problems.isEmpty()) {
            var sql = JoinSql.of(file.pipeline(), catalog);
            out.printf("%nThe documents equal this query:%n%s%n", sql);
            example(connection, sql, out);
        }
        out.printf("%nNext: ./millrace validate %s, then ./millrace up --pipeline %s%n", file.path(), file.path());
        if (System.getenv(URL) == null) {
            out.printf("The file takes the address from the environment: export " + URL + "='%s' MILLRACE_SOURCE_USER=millrace MILLRACE_SOURCE_PASSWORD=… first%n", address.plain());
        }
        out.flush();
        return 0;
    }

    private static void example(Connection connection, String sql, PrintWriter out) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.execute("SET TIME ZONE 'UTC'");
            try (var result = statement.executeQuery("SELECT document FROM (" + sql + " LIMIT 1) AS one")) {
                out.println(result.next() ? "\nOne of them:\n" + JSON.readTree(result.getString(1)).toPrettyString() : "\nThe root has no rows yet.");
            }
        } catch (IOException | SQLException e) {
            out.println("\nNo example: " + e.getMessage());
        }
    }

    /** As in SQL, with its schema. */
    private static final class Table implements ITypeConverter<TableName> {

        @Override
        public TableName convert(String typed) {
            try {
                return TableName.parse(typed);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        }
    }

    private DatabaseAddress address() {
        if (url != null) {
            return url;
        }
        var address = System.getenv(URL);
        if (address == null) {
            throw new UsageException("No database is named; give one with --url jdbc:postgresql://HOST:PORT/DATABASE");
        }
        if (!address.startsWith("jdbc:postgresql:")) {
            throw new LocalException("What " + URL + " says is no JDBC URL of PostgreSQL, and the services take no other; set it to jdbc:postgresql://HOST:PORT/DATABASE");
        }
        return DatabaseAddress.of(address);
    }

    private Connection connect(DatabaseAddress address) throws SQLException {
        var login = new Properties();
        var who = Stream.of(user, address.user(), System.getenv("MILLRACE_SOURCE_USER")).filter(Objects::nonNull).findFirst().orElse(null);
        var password = address.password() == null ? System.getenv(passwordVariable) : address.password();
        if (who != null) {
            login.setProperty("user", who);
        }
        if (password != null) {
            login.setProperty("password", password);
        }
        login.setProperty("readOnly", "true");
        try {
            return DriverManager.getConnection(address.jdbc(), login);
        } catch (SQLException e) {
            throw new LocalException("Connecting to " + address.plain() + " as " + (who == null ? "the user of the URL" : who) + " failed: " + e.getMessage().replaceAll("\\.$", "") + (address.password() == null ? ". The password is taken from the variable " + passwordVariable : ". The password is the address's"), e);
        }
    }

    /** As names of pipelines and sources are written. */
    private static String plain(String text) {
        var plain = text.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-").replaceAll("^[^a-z]+|-+$", "");
        return plain.isEmpty() ? "documents" : plain.substring(0, Math.min(LONGEST_NAME, plain.length()));
    }
}
