package io.millrace.local.search;

import io.millrace.local.OwnersAlone;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.opensearch.common.xcontent.XContentFactory;
import org.opensearch.common.xcontent.json.JsonXContent;
import org.opensearch.core.common.bytes.BytesReference;
import org.opensearch.core.xcontent.DeprecationHandler;
import org.opensearch.core.xcontent.NamedXContentRegistry;

/** The roles that were made, by name, as JSON in a file. Thread-safe within a process. */
final class RoleFile {

    private final Path file;
    private final Reread<Map<String, Object>> content;

    RoleFile(Path file) {
        this.file = file;
        this.content = new Reread<>(file, RoleFile::parse, Map.of());
    }

    static Map<String, Object> parse(byte[] json) throws IOException {
        try (var parser = JsonXContent.jsonXContent.createParser(NamedXContentRegistry.EMPTY, DeprecationHandler.IGNORE_DEPRECATIONS, json)) {
            return parser.map();
        }
    }

    /** What is allowed by the role of that name; nothing where there is none. */
    Role role(String name) {
        var json = json(name);
        return json == null ? Role.NOTHING : Role.of(json);
    }

    /** As it was put; null where there is none. */
    @SuppressWarnings("unchecked")
    Map<String, Object> json(String name) {
        return (Map<String, Object>) content.now().get(name);
    }

    /** @param role as {@code PUT} brought it; null: there is to be none */
    synchronized void put(String name, Map<String, Object> role) {
        var all = new TreeMap<>(content.now());
        if (role == null) {
            all.remove(name);
        } else {
            all.put(name, role);
        }
        try (var json = XContentFactory.jsonBuilder()) {
            OwnersAlone.write(file, BytesReference.bytes(json.map(all)).utf8ToString());
        } catch (IOException e) {
            throw new UncheckedIOException("Writing " + file + " failed", e);
        }
    }
}
