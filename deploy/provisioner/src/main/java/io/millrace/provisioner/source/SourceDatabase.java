package io.millrace.provisioner.source;

import io.millrace.pipeline.catalog.Catalog;
import io.millrace.pipeline.catalog.CatalogReader;
import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.Source;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.source.SourceUser;
import io.millrace.pipeline.topic.Topics;
import io.millrace.provisioner.Admin;
import io.millrace.provisioner.Login;
import io.millrace.provisioner.ProvisioningException;
import io.millrace.provisioner.Step;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedSet;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** One source as its pipeline files describe it, with a connection of the admin's. Not thread-safe. */
public final class SourceDatabase implements AutoCloseable {

    /** Tables of ours whose rows go through the slot. */
    static final List<TableName> TRAVELLING = List.of(Topics.HEARTBEAT, Topics.OUTBOX);

    /** What Millrace made in a database and may take away again. */
    static final TableName MADE = new TableName(Topics.OWN_SCHEMA, "made");

    /** What the note of a source begins with that stands on the database. */
    private static final String STANDS = "source ";

    private static final Pattern QUOTED = Pattern.compile("\"((?:[^\"]|\"\")+)\"");

    private final List<PipelineFile> files;
    private final String name;
    private final String url;
    private final List<SourceRole> roles;
    private final Connection connection;

    private SourceDatabase(List<PipelineFile> files, String url, List<SourceRole> roles, Connection connection) {
        this.files = files;
        this.name = files.getFirst().pipeline().source().name();
        this.url = url;
        this.roles = roles;
        this.connection = connection;
    }

    /**
     * Connects.
     *
     * @param files the pipelines of one source
     * @param admin null: the role of the files
     * @param logins services that come as roles of their own
     * @throws ProvisioningException when a reference leads nowhere or the connection fails
     */
    public static SourceDatabase open(List<PipelineFile> files, Admin admin, Map<SourceUser, Login> logins, Function<String, String> environment) {
        var source = files.getFirst().pipeline().source();
        try {
            refuseDifferent(files, environment);
            var url = source.url().resolve(environment);
            var own = new Login(source.user().resolve(environment), source.password().resolve(environment));
            var by = admin == null ? new Admin(own.user(), own.password()) : admin;
            return new SourceDatabase(files, url, roles(source.name(), own, logins), connect(source.name(), url, by.user(), by.password()));
        } catch (IllegalStateException e) {
            throw new ProvisioningException(files.getFirst().path() + ": source: " + e.getMessage(), e);
        }
    }

    /** The files' own role first, then those of services in their order; services may share one. */
    private static List<SourceRole> roles(String source, Login own, Map<SourceUser, Login> logins) {
        var byName = new LinkedHashMap<String, SourceRole>();
        byName.put(own.user(), SourceRole.ofFiles(source, own));
        for (var user : SourceUser.values()) {
            var login = logins.getOrDefault(user, own);
            var role = byName.computeIfAbsent(login.user(), _ -> SourceRole.of(source, login));
            if (!role.password().equals(login.password())) {
                throw new ProvisioningException("The role " + login.user() + " of the source '" + source + "' is given two passwords, one of them by source.roles." + user.service()
                        + " of the regions file: give the service the same one, or a role of its own", null);
            }
            byName.put(login.user(), role.with(user));
        }
        return List.copyOf(byName.values());
    }

    /** Pipelines with one source name share slot and publication, so they must mean one database. */
    private static void refuseDifferent(List<PipelineFile> files, Function<String, String> environment) {
        var first = files.getFirst();
        for (var file : files) {
            var one = first.pipeline().source();
            var other = file.pipeline().source();
            if (!one.url().resolve(environment).equals(other.url().resolve(environment)) || !one.user().resolve(environment).equals(other.user().resolve(environment))) {
                throw new ProvisioningException(first.path() + " and " + file.path() + " both have the source '" + one.name()
                        + "' and mean another database or another role by it; one source name is one database, one role and one slot: correct one, or give it a name of its own", null);
            }
        }
    }

    private static Connection connect(String name, String url, String user, String password) {
        if (!url.startsWith("jdbc:postgresql:")) {
            throw new IllegalStateException("the URL of the source '" + name + "' must begin with jdbc:postgresql:, for example jdbc:postgresql://localhost:5432/shop");
        }
        try {
            return DriverManager.getConnection(url, user, password);
        } catch (SQLException e) {
            var state = e.getSQLState() == null ? "" : e.getSQLState();
            var remedy = switch (state) {
                case "28P01" -> "check the password that the pipeline file or MILLRACE_ADMIN_PASSWORD refers to";
                case "28000" -> "check that the role exists, may log in and is let in by pg_hba.conf";
                case "3D000" -> "create the database or correct the URL";
                default -> "check that the server runs and that host and port are right";
            };
            throw new ProvisioningException("Connecting to the source '" + name + "' at " + withoutParameters(url) + " as " + user + " failed: " + e.getMessage().replaceAll("\\.$", "") + "; " + remedy, e);
        }
    }

    /** A JDBC URL may carry a password among its parameters. */
    private static String withoutParameters(String url) {
        int at = url.indexOf('?');
        return at < 0 ? url : url.substring(0, at);
    }

    public String name() {
        return name;
    }

    List<PipelineFile> files() {
        return files;
    }

    /** As whom services come, the pipeline files' role first. */
    List<SourceRole> roles() {
        return roles;
    }

    /** Logins and rights of each role, and that those have none any more as which no service comes. */
    public List<Step> roleSteps() {
        var steps = new ArrayList<Step>();
        roles.forEach(role -> steps.addAll(List.of(new RoleLogin(this, role), new Grants(this, role))));
        former().forEach(role -> steps.add(new Grants(this, role)));
        return steps;
    }

    private Stream<SourceRole> former() {
        var current = roles.stream().map(SourceRole::name).toList();
        return made(SourceRole.notes(name)).stream().map(QUOTED::matcher).filter(Matcher::lookingAt).map(note -> note.group(1).replace("\"\"", "\"")).distinct()
                .filter(role -> !current.contains(role)).map(role -> SourceRole.of(name, new Login(role, null)));
    }

    /** The tables of its pipelines as they are now. */
    public Catalog catalog() {
        try {
            return CatalogReader.read(connection, tables());
        } catch (SQLException e) {
            throw failed("Reading the catalog", e);
        }
    }

    Connection connection() {
        return connection;
    }

    /** Whether the admin is this role itself, which is then used as it is. */
    boolean isAdmin(SourceRole role) {
        return role.name().equals(text("SELECT current_user"));
    }

    boolean isSuperuser() {
        return isTrue("SELECT rolsuper FROM pg_roles WHERE rolname = current_user");
    }

    boolean exists(SourceRole role) {
        return isTrue("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = ?)", role.name());
    }

    /** Every table of the pipelines, each once, in the order of the files, and the application's outbox. */
    SequencedSet<TableName> tables() {
        var tables = new LinkedHashSet<TableName>();
        files.forEach(file -> tables.addAll(file.pipeline().tableNames()));
        if (outbox() != null) {
            tables.add(outbox().table());
        }
        return tables;
    }

    /** The tables whose rows are what others add to documents. */
    SequencedSet<TableName> enriching() {
        var tables = new LinkedHashSet<TableName>();
        files.stream().map(file -> file.pipeline().enrichment()).filter(Objects::nonNull).forEach(enrichment -> tables.add(enrichment.table()));
        return tables;
    }

    /** Where the application leaves its own events, null where it has none. */
    Source.Outbox outbox() {
        return files.getFirst().pipeline().source().outbox();
    }

    /** Every table that the publication needs. */
    SequencedSet<TableName> published() {
        var tables = tables();
        tables.addAll(TRAVELLING);
        return tables;
    }

    boolean exists(TableName table) {
        return isTrue("SELECT to_regclass(?) IS NOT NULL", table.sql());
    }

    /** Whether a role can log in with its password. */
    boolean canLogIn(SourceRole role) {
        try (var trial = DriverManager.getConnection(url, role.name(), role.password())) {
            return trial.isValid(5);
        } catch (SQLException e) {
            if (e.getSQLState() != null && e.getSQLState().startsWith("28")) {
                return false;
            }
            throw failed("Logging in as " + role.name(), e);
        }
    }

    boolean isTrue(String sql, Object... values) {
        return "t".equals(text(sql, values));
    }

    /** The first column of the first row, null where there is none. */
    String text(String sql, Object... values) {
        var rows = column(sql, values);
        return rows.isEmpty() ? null : rows.getFirst();
    }

    List<String> column(String sql, Object... values) {
        try (var statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++) {
                statement.setObject(i + 1, values[i]);
            }
            var rows = new ArrayList<String>();
            try (var result = statement.executeQuery()) {
                while (result.next()) {
                    rows.add(result.getString(1));
                }
            }
            return rows;
        } catch (SQLException e) {
            throw failed(sql, e);
        }
    }

    /** The note that this source stands on the database. */
    String standing() {
        return STANDS + name;
    }

    /** The other sources that have noted what they need here. */
    List<String> others() {
        return made(STANDS).stream().filter(other -> !other.equals(name)).toList();
    }

    /** Publications of sources that were last provisioned by a version that noted nothing of each: nobody knows what they need. */
    List<String> unknown() {
        var known = Stream.concat(Stream.of(name), others().stream()).map(Topics::publication).toList();
        return column("SELECT pubname FROM pg_publication WHERE starts_with(pubname, ?) ORDER BY 1", Topics.publication("")).stream().filter(publication -> !known.contains(publication)).toList();
    }

    /** Who else stands on the database, in words; empty for nobody. */
    String neighbours() {
        return String.join(", ", Stream.concat(others().stream().map(other -> "the source '" + other + "'"), unknown().stream().map(publication -> "the source of the publication " + publication)).toList());
    }

    /** Whether Millrace made a thing of this database, or adopted it; only then may it be taken away. */
    boolean isMade(String what) {
        return exists(MADE) && isTrue("SELECT EXISTS (SELECT FROM " + MADE.sql() + " WHERE what = ?)", what);
    }

    /** What Millrace made here and has a name that begins so; the beginning is left out. */
    List<String> made(String prefix) {
        return exists(MADE) ? column("SELECT substr(what, length(?) + 1) FROM " + MADE.sql() + " WHERE starts_with(what, ?) ORDER BY 1", prefix, prefix) : List.of();
    }

    /** Runs statements in one transaction. */
    void execute(List<String> statements) {
        execute(statements, List.of(), List.of());
    }

    /**
     * Runs statements in one transaction, which also writes down what they made and what they took away, so that a crash
     * leaves no doubt whose a thing is.
     */
    void execute(List<String> statements, List<String> made, List<String> gone) {
        try {
            connection.setAutoCommit(false);
            try (var statement = connection.createStatement()) {
                for (var sql : statements) {
                    statement.execute(sql);
                }
                note("INSERT INTO " + MADE.sql() + " (what) VALUES (?) ON CONFLICT DO NOTHING", made);
                note("DELETE FROM " + MADE.sql() + " WHERE what = ?", gone);
                connection.commit();
            } catch (SQLException e) {
                connection.rollback();
                throw e;
            } finally {
                connection.setAutoCommit(true);
            }
        } catch (SQLException e) {
            throw failed(String.join("; ", statements), e);
        }
    }

    private void note(String sql, List<String> entries) throws SQLException {
        if (entries.isEmpty()) {
            return;
        }
        try (var statement = connection.prepareStatement(sql)) {
            for (var entry : entries) {
                statement.setString(1, entry);
                statement.executeUpdate();
            }
        }
    }

    /** The server and the database in it: the same for two regions only if they mean the same database. */
    public String identity() {
        return text("SELECT system_identifier || '/' || current_database() FROM pg_control_system()");
    }

    /** Whether the server is of this major version or newer. */
    boolean isAtLeast(int version) {
        return isTrue("SELECT current_setting('server_version_num')::int >= ?", version * 10_000);
    }

    ProvisioningException failed(String what, SQLException e) {
        return new ProvisioningException(what + " on the source '" + name + "' failed: " + e.getMessage() + " (SQL state " + e.getSQLState() + "); nothing of this step was done, correct the cause and run again", e);
    }

    @Override
    public void close() {
        try {
            connection.close();
        } catch (SQLException e) {
            throw failed("Closing the connection", e);
        }
    }

}
