package io.millrace.indexer;

import io.millrace.pipeline.http.HttpAccess;
import io.millrace.pipeline.http.Server;
import jakarta.annotation.PreDestroy;
import jakarta.inject.Singleton;
import java.io.IOException;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.impl.nio.PoolingAsyncClientConnectionManagerBuilder;
import org.apache.hc.client5.http.ssl.ClientTlsStrategyBuilder;
import org.apache.hc.client5.http.ssl.DefaultHostnameVerifier;
import org.apache.hc.core5.http.HttpHeaders;
import org.apache.hc.core5.http.HttpHost;
import org.apache.hc.core5.http.HttpStatus;
import org.apache.hc.core5.util.Timeout;
import org.eclipse.microprofile.config.Config;
import org.opensearch.client.json.jackson.JacksonJsonpMapper;
import org.opensearch.client.opensearch.OpenSearchClient;
import org.opensearch.client.opensearch.generic.OpenSearchGenericClient;
import org.opensearch.client.transport.OpenSearchTransport;
import org.opensearch.client.transport.httpclient5.ApacheHttpClient5TransportBuilder;
import org.opensearch.client.transport.httpclient5.ResponseException;

/** The connections to the search engine. */
@Singleton
public final class SearchClients {

    private static final Timeout CONNECT = Timeout.ofSeconds(5);

    private final HttpAccess access;
    private final OpenSearchTransport transport;
    private final OpenSearchClient typed;

    SearchClients(IndexerConfig config, Config all) {
        access = HttpAccess.of(Server.SEARCH, config.searchUrl(), all.getPropertyNames(), name -> all.getOptionalValue(name, String.class));
        var hosts = config.searchUrl().stream().map(HttpHost::create).toArray(HttpHost[]::new);
        var timeout = Timeout.of(config.requestTimeout());
        transport = ApacheHttpClient5TransportBuilder.builder(hosts)
                .setMapper(new JacksonJsonpMapper())
                .setRequestConfigCallback(request -> request.setResponseTimeout(timeout))
                .setHttpClientConfigCallback(client -> {
                    // By itself this client takes any server's certificate that is signed by somebody whom it believes.
                    var tls = ClientTlsStrategyBuilder.create().setSslContext(access.tls()).setHostnameVerifier(new DefaultHostnameVerifier()).build();
                    client.setConnectionManager(PoolingAsyncClientConnectionManagerBuilder.create().setTlsStrategy(tls)
                            .setMaxConnPerRoute(ApacheHttpClient5TransportBuilder.DEFAULT_MAX_CONN_PER_ROUTE).setMaxConnTotal(ApacheHttpClient5TransportBuilder.DEFAULT_MAX_CONN_TOTAL)
                            .setDefaultConnectionConfig(ConnectionConfig.custom().setConnectTimeout(CONNECT).setSocketTimeout(timeout).build()).build());
                    // An answer to a bulk request is small as it is asked for, and to compress it costs the engine more than to send it.
                    client.disableContentCompression().addExecInterceptorFirst("large pieces", LargePieces::send);
                    return client.addRequestInterceptorFirst((request, entity, context) -> {
                        var authorization = access.authorization();
                        if (authorization != null) {
                            request.setHeader("Authorization", authorization);
                        }
                    }).addResponseInterceptorFirst((response, entity, context) -> {
                        if (response.getCode() == HttpStatus.SC_UNAUTHORIZED) {
                            // Who asks for a login has to say how (RFC 9110, 15.5.2); managed clusters answer so to what nobody may ask for.
                            throw new IOException(access.why(HttpStatus.SC_UNAUTHORIZED) + (response.containsHeader(HttpHeaders.WWW_AUTHENTICATE) ? "" : ", or, since it asks for no login, a managed cluster allows nobody this request"));
                        }
                    });
                })
                .build();
        typed = new OpenSearchClient(transport);
    }

    /** For what has a typed request. */
    public OpenSearchClient typed() {
        return typed;
    }

    /** For bodies that go out as they are. */
    public OpenSearchGenericClient raw() {
        return typed.generic();
    }

    /** What a request failed of, and the setting to look at. */
    public String why(Throwable failure) {
        return access.why(failure);
    }

    /** What the engine answered where its client took that for a failure, as it does with answers without a body and with missing rights; 0 where it did not answer. */
    public static int status(Throwable failure) {
        for (var cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof ResponseException answered) {
                return answered.status();
            }
        }
        return 0;
    }

    @PreDestroy
    void close() throws IOException {
        transport.close();
    }
}
