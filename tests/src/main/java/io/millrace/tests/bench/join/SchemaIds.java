package io.millrace.tests.bench.join;

import io.millrace.pipeline.topic.Topics;
import io.millrace.tests.bench.RegisteredSchema;
import java.io.IOException;
import java.net.http.HttpClient;
import java.util.EnumMap;
import java.util.Map;

/** The content ids under which the registry has the tables' schemas. */
final class SchemaIds {

    /** Where the gate registers what may pass. */
    private static final String GROUP = "default";

    private final Map<OrderTables, Ids> ids = new EnumMap<>(OrderTables.class);

    record Ids(int key, int value) {}

    /** Registers every schema. */
    SchemaIds(String registryUrl) throws IOException, InterruptedException {
        try (var http = HttpClient.newHttpClient()) {
            for (var table : OrderTables.values()) {
                ids.put(table, new Ids(RegisteredSchema.id(http, registryUrl, GROUP, Topics.keySubject(table.topic()), table.keySchema()),
                        RegisteredSchema.id(http, registryUrl, GROUP, Topics.valueSubject(table.topic()), table.valueSchema())));
            }
        }
    }

    Ids of(OrderTables table) {
        return ids.get(table);
    }
}
