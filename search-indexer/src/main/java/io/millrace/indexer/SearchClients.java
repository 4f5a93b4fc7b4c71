package io.millrace.indexer;

import jakarta.annotation.PreDestroy;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import org.apache.hc.client5.http.auth.AuthScope;
import org.apache.hc.client5.http.auth.UsernamePasswordCredentials;
import org.apache.hc.client5.http.impl.auth.BasicCredentialsProvider;
import org.apache.hc.core5.http.HttpHost;
import org.apache.hc.core5.util.Timeout;
import org.opensearch.client.json.jackson.JacksonJsonpMapper;
import org.opensearch.client.opensearch.OpenSearchClient;
import org.opensearch.client.opensearch.generic.OpenSearchGenericClient;
import org.opensearch.client.transport.OpenSearchTransport;
import org.opensearch.client.transport.httpclient5.ApacheHttpClient5TransportBuilder;

/** The connections to the search engine. */
@Singleton
public final class SearchClients {

    private final OpenSearchTransport transport;
    private final OpenSearchClient typed;

    SearchClients(IndexerConfig config) {
        var hosts = config.searchUrl().stream().map(HttpHost::create).toArray(HttpHost[]::new);
        var timeout = Timeout.of(config.requestTimeout());
        transport = ApacheHttpClient5TransportBuilder.builder(hosts)
                .setMapper(new JacksonJsonpMapper())
                .setRequestConfigCallback(request -> request.setResponseTimeout(timeout))
                .setConnectionConfigCallback(connection -> connection.setConnectTimeout(Timeout.ofSeconds(5)).setSocketTimeout(timeout))
                .setHttpClientConfigCallback(client -> {
                    config.searchUser().ifPresent(user -> client.setDefaultCredentialsProvider(credentials(config, user, hosts)));
                    return client;
                })
                .build();
        typed = new OpenSearchClient(transport);
    }

    private static BasicCredentialsProvider credentials(IndexerConfig config, String user, HttpHost[] hosts) {
        var file = config.searchPasswordFile().orElseThrow(() -> new IllegalStateException(
                "millrace.indexer.search-user is set and millrace.indexer.search-password-file is not; name the file that holds the password"));
        try {
            var credentials = new UsernamePasswordCredentials(user, Files.readString(file).stripTrailing().toCharArray());
            var provider = new BasicCredentialsProvider();
            for (var host : hosts) {
                provider.setCredentials(new AuthScope(host), credentials);
            }
            return provider;
        } catch (IOException e) {
            throw new UncheckedIOException("The password file " + file + " (millrace.indexer.search-password-file) cannot be read; create it or correct the path", e);
        }
    }

    /** For what has a typed request. */
    public OpenSearchClient typed() {
        return typed;
    }

    /** For bodies that go out as they are. */
    public OpenSearchGenericClient raw() {
        return typed.generic();
    }

    @PreDestroy
    void close() throws IOException {
        transport.close();
    }
}
