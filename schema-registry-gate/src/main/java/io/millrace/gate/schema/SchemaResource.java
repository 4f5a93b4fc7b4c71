package io.millrace.gate.schema;

import io.millrace.check.rule.Uses;
import io.millrace.gate.GateConfig;
import io.millrace.gate.Table;
import io.millrace.gate.security.Roles;
import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.topic.Topics;
import io.millrace.pipeline.type.ColumnType;
import io.quarkus.runtime.annotations.RegisterForReflection;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.annotation.security.RolesAllowed;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.NotFoundException;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.avro.Schema;

/**
 * How a table's rows came to look as they do, and what takes their columns. A table is named {@code source.schema.table}.
 * Everything is read from the registry when it is asked for.
 */
@Path("schemas")
@RolesAllowed(Roles.READER)
@RunOnVirtualThread
public class SchemaResource {

    /** Older ones than these are in the registry. */
    private static final int MOST = 50;
    /** How long a caller is kept waiting for all calls to the registry together. */
    private static final Duration PATIENCE = Duration.ofSeconds(15);

    private final Registry registry;
    /** By the names that tables have here. */
    private final Map<String, Source> tables = new TreeMap<>();

    private record Source(TableName table, Uses uses) {}

    SchemaResource(GateConfig config, Registry registry) {
        this.registry = registry;
        PipelineFiles.load(config.pipelines()).stream().collect(Collectors.groupingBy(file -> file.pipeline().source().name())).forEach(this::add);
    }

    private void add(String source, List<PipelineFile> files) {
        var uses = new Uses(files);
        uses.tables().forEach(table -> tables.put(Topics.suffix(source, table), new Source(table, uses)));
    }

    /**
     * @param version its number in the registry
     * @param since when it was registered
     * @param changes against the version before; empty for the first
     */
    @RegisterForReflection
    public record Version(String version, Instant since, List<FieldChange> changes) {}

    /**
     * @param name of the column
     * @param type in the newest version
     * @param uses where documents take it; empty where none does
     */
    @RegisterForReflection
    public record Column(String name, String type, List<Uses.Taken> uses) {}

    /**
     * @param table {@code source.schema.table}
     * @param versions the newest first, at most 50
     * @param columns of the newest version, in the order of the table
     */
    @RegisterForReflection
    public record TableSchemas(String table, List<Version> versions, List<Column> columns) {}

    /** The tables of the pipelines that this gate has. */
    @GET
    public Set<String> tables() {
        return tables.keySet();
    }

    @GET
    @Path("{table}")
    public TableSchemas table(@PathParam("table") String name) throws RegistryAwayException {
        var found = registry.versions(Topics.valueSubject(new Table(name).rows()), MOST);
        if (found.isEmpty()) {
            throw new NotFoundException("The registry has no schema of the rows of " + name + ". "
                    + (tables.containsKey(name) ? "It is in a pipeline, but no row of it has come yet" : "The pipelines here have " + String.join(", ", tables.keySet())));
        }
        var schemas = new ArrayList<Schema>();
        long began = System.nanoTime();
        for (var version : found) {
            if (System.nanoTime() - began > PATIENCE.toNanos()) {
                throw new RegistryAwayException("Fetching the " + found.size() + " versions of " + name + " took the registry longer than " + PATIENCE.toSeconds() + " s; it is slow now, ask again later");
            }
            schemas.add(new Schema.Parser().parse(registry.content(version.getContentId().intValue())));
        }
        var versions = new ArrayList<Version>();
        for (int i = 0; i < found.size(); i++) {
            var changes = i + 1 < schemas.size() ? Difference.between(schemas.get(i + 1), schemas.get(i)) : List.<FieldChange>of();
            versions.add(new Version(found.get(i).getVersion(), found.get(i).getCreatedOn().toInstant(), changes));
        }
        return new TableSchemas(name, versions, schemas.getFirst().getFields().stream().map(field -> column(tables.get(name), field)).toList());
    }

    /** @param source null for a table of no pipeline */
    private static Column column(Source source, Schema.Field field) {
        var name = field.getProp(ColumnType.PG_NAME) == null ? field.name() : field.getProp(ColumnType.PG_NAME);
        return new Column(name, Difference.describe(field), source == null ? List.of() : source.uses().taking(source.table(), name));
    }

}
