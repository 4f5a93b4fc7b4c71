package io.millrace.indexer.generation;

import io.apicurio.registry.rest.client.RegistryClient;
import io.apicurio.registry.rest.client.models.ProblemDetails;
import io.millrace.indexer.IndexerConfig;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.http.HttpAccess;
import io.millrace.pipeline.http.Server;
import io.millrace.pipeline.registry.RegistryConnection;
import io.millrace.pipeline.topic.Topics;
import io.millrace.pipeline.type.ColumnType;
import io.vertx.core.Vertx;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;
import org.eclipse.microprofile.config.Config;

/** The columns of replicated tables, as the gate registered them. */
@Singleton
final class RowSchemas {

    /** The group of the schemas that readers of {@code rows.*} may rely on. */
    private static final String GROUP = "default";
    private static final Duration SILENCE = Duration.ofSeconds(10);
    private static final int CONNECTIONS = 4;

    private final String url;
    private final RegistryConnection connection;
    private final RegistryClient client;

    RowSchemas(IndexerConfig config, Config all, Vertx vertx) {
        this.url = config.registryUrl().toString();
        var access = HttpAccess.of(Server.REGISTRY, List.of(config.registryUrl()), all.getPropertyNames(), name -> all.getOptionalValue(name, String.class));
        this.connection = new RegistryConnection(url, access, vertx, SILENCE, CONNECTIONS);
        this.client = connection.client();
    }

    /**
     * The types of a table's columns by their names in the catalog; empty while the gate has seen no row of the table.
     *
     * @throws SearchAwayException when the registry does not answer
     */
    Map<String, ColumnType> columns(String source, TableName table) {
        var subject = Topics.valueSubject(Topics.rows(source, table));
        try (var content = client.groups().byGroupId(GROUP).artifacts().byArtifactId(subject).versions().byVersionExpression("branch=latest").content().get()) {
            var columns = new LinkedHashMap<String, ColumnType>();
            for (var field : new Schema.Parser().parse(new String(content.readAllBytes(), StandardCharsets.UTF_8)).getFields()) {
                columns.put(ColumnType.columnName(field), ColumnType.of(field));
            }
            return columns;
        } catch (ProblemDetails e) {
            if (Integer.valueOf(404).equals(e.getStatus())) {
                return Map.of();
            }
            throw away(subject, e);
        } catch (IOException | RuntimeException e) {
            throw away(subject, e);
        }
    }

    private SearchAwayException away(String subject, Exception cause) {
        return new SearchAwayException("Reading the schema " + subject + " from the registry " + url + " failed (" + connection.why(cause)
                + "); check millrace.indexer.registry-url and that the registry is up", cause);
    }
}
