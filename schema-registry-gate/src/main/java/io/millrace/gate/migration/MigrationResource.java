package io.millrace.gate.migration;

import io.millrace.check.Baseline;
import io.millrace.check.CheckException;
import io.millrace.check.CheckRequest;
import io.millrace.check.Finding.Cost;
import io.millrace.check.Level;
import io.millrace.check.report.Format;
import io.millrace.check.script.Migrations;
import io.millrace.check.script.Script;
import io.millrace.gate.GateConfig;
import io.millrace.gate.migration.Checks.BusyException;
import io.millrace.gate.migration.Checks.NotConfiguredException;
import io.millrace.gate.schema.Registry;
import io.millrace.gate.security.Roles;
import io.millrace.pipeline.file.TableName;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.annotation.security.RolesAllowed;
import jakarta.validation.Valid;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotEmpty;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Pattern;
import jakarta.validation.constraints.PositiveOrZero;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;

/** Says what migrations would do to the pipelines of this gate, by the same engine and in the same JSON as {@code ./millrace check}. It runs the caller's SQL, so it is the operator's. */
@Path("check")
@RolesAllowed(Roles.OPERATOR)
@RunOnVirtualThread
public class MigrationResource {

    private static final int TOO_LARGE = 413;
    private static final int NOT_CHECKED = 422;
    private static final int BUSY = 429;
    private static final int NOT_CONFIGURED = 501;

    private final Checks checks;
    private final GateConfig config;
    private final Registry registry;

    MigrationResource(Checks checks, GateConfig config, Registry registry) {
        this.checks = checks;
        this.registry = registry;
        this.config = config;
    }

    /**
     * A file of SQL.
     *
     * @param name as the report shall show it; its form says the order, as on the command line
     */
    public record Sql(@NotBlank String name, @NotNull String text) {}

    /**
     * How large a table is in production.
     *
     * @param bytes null where only the rows are known
     */
    public record Size(@PositiveOrZero long rows, @PositiveOrZero Long bytes) {}

    /**
     * @param source the source whose database it is about; may be left out where this gate has pipelines of one only
     * @param migrations in their order, unless their names say otherwise
     * @param baseline a dump, or earlier migrations; left out: an empty database
     * @param rows by table
     * @param massRows from how many rows on a write is worth a word
     * @param placeholders of Flyway
     * @param failOn at which level {@code failed} is true; coordination where left out
     */
    public record Question(String source, @NotEmpty List<@NotNull @Valid Sql> migrations, List<@NotNull @Valid Sql> baseline, Map<String, @NotNull @Valid Size> rows, @PositiveOrZero Long massRows,
            Map<String, @NotNull String> placeholders, @Pattern(regexp = "breaks|coordination|wal|fine", message = "must be breaks, coordination, wal or fine") String failOn) {

        private long bytes() {
            return bytes(migrations) + (baseline == null ? 0 : bytes(baseline));
        }

        private static long bytes(List<Sql> files) {
            return files.stream().mapToLong(f -> f.text().getBytes(StandardCharsets.UTF_8).length).sum();
        }
    }

    /** @param configured whether this gate has a scratch database, without which every check is refused */
    public record Availability(boolean configured) {}

    /** Whether a check can be made, before somebody writes one. */
    @GET
    @Produces(MediaType.APPLICATION_JSON)
    public Availability available() {
        return new Availability(checks.isConfigured());
    }

    @POST
    @Produces(MediaType.APPLICATION_JSON)
    public Response check(@NotNull @Valid Question question) throws NotConfiguredException, BusyException {
        checks.requireConfigured();
        if (question.bytes() > checks.maxBytes()) {
            return answer(TOO_LARGE, "Migrations and baseline have " + question.bytes() + " bytes, allowed are " + checks.maxBytes() + " (millrace.gate.check.max-bytes); run ./millrace check");
        }
        var placeholders = question.placeholders() == null ? Map.<String, String>of() : question.placeholders();
        var request = new CheckRequest(checks.pipelines(question.source()), baseline(question, placeholders), null, counts(question.rows()), new CheckRequest.Registry(config.registryUrl(), registry.access()),
                question.massRows() == null ? CheckRequest.MASS_ROWS : question.massRows());
        var report = checks.judge(request, Migrations.of(scripts(question.migrations()), placeholders));
        var failOn = question.failOn() == null ? Level.COORDINATION : Level.valueOf(question.failOn().toUpperCase(Locale.ROOT));
        return Response.ok(Format.JSON.write(report, failOn)).build();
    }

    private static Baseline baseline(Question question, Map<String, String> placeholders) {
        if (question.baseline() == null || question.baseline().isEmpty()) {
            return Baseline.NOTHING;
        }
        return new Baseline(Migrations.of(scripts(question.baseline()), placeholders), Map.of(), false, question.baseline().size() + " files of the call");
    }

    private static List<Script> scripts(List<Sql> files) {
        return files.stream().map(f -> new Script(f.name(), f.text())).toList();
    }

    private static Map<TableName, Cost> counts(Map<String, Size> rows) {
        var counts = new HashMap<TableName, Cost>();
        if (rows != null) {
            rows.forEach((table, size) -> {
                try {
                    counts.put(TableName.parse(table), new Cost(size.rows(), size.bytes() == null ? -1 : size.bytes()));
                } catch (IllegalArgumentException e) {
                    throw new CheckException("rows: '" + table + "' is no table; write schema.table", e);
                }
            });
        }
        return counts;
    }

    private static Response answer(int status, String message) {
        return Response.status(status).entity(Map.of("message", message)).build();
    }

    @ServerExceptionMapper
    Response notChecked(CheckException e) {
        return answer(NOT_CHECKED, e.getMessage());
    }

    @ServerExceptionMapper
    Response busy(BusyException e) {
        return answer(BUSY, e.getMessage());
    }

    @ServerExceptionMapper
    Response notConfigured(NotConfiguredException e) {
        return answer(NOT_CONFIGURED, e.getMessage());
    }
}
