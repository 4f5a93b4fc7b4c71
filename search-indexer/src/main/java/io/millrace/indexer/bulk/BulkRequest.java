package io.millrace.indexer.bulk;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.opensearch.client.opensearch.generic.Body;
import org.opensearch.client.opensearch.generic.Request;
import org.opensearch.client.transport.GenericSerializable;

/**
 * A bulk request that keeps its documents, not its body: the client holds that until it is answered, and makes it once. A request of the client's own kind is read by it in pieces of 8 KB into an array that grows, and stays beside that. For one thread.
 */
final class BulkRequest implements Request, GenericSerializable {

    private static final String TYPE = "application/x-ndjson";

    private final String alias;
    private final Map<String, String> query;
    private final List<Document> documents;
    /** Bytes of the body, once it was made. */
    private int length;

    BulkRequest(String alias, Map<String, String> query, List<Document> documents) {
        this.alias = alias;
        this.query = query;
        this.documents = documents;
    }

    /** Bytes of the body; 0 before it was made. */
    int length() {
        return length;
    }

    @Override
    public String serialize(OutputStream out) {
        try {
            var body = new BulkBody(documents);
            body.writeTo(out);
            length = body.length();
            return TYPE;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public String getMethod() {
        return "POST";
    }

    @Override
    public String getEndpoint() {
        return "/" + alias + "/_bulk";
    }

    @Override
    public Map<String, String> getParameters() {
        return query;
    }

    @Override
    public Collection<Map.Entry<String, String>> getHeaders() {
        return List.of();
    }

    /** Says that there is one; {@link #serialize} makes it. */
    @Override
    public Optional<Body> getBody() {
        return Optional.of(Body.from(InputStream.nullInputStream(), TYPE));
    }
}
