package io.millrace.local.search;

import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import org.opensearch.common.settings.Settings;
import org.opensearch.http.HttpServerTransport;
import org.opensearch.plugins.SecureAuxTransportSettingsProvider;
import org.opensearch.plugins.SecureHttpTransportSettingsProvider;
import org.opensearch.plugins.SecureSettingsFactory;
import org.opensearch.plugins.SecureTransportSettingsProvider;
import org.opensearch.plugins.TransportExceptionHandler;
import org.opensearch.transport.Transport;

/** TLS at both ports; at that for nodes whoever comes has to show a certificate of the stack, for who speaks there may everything. */
final class SecuredTransports implements SecureSettingsFactory {

    private final SSLContext context;

    SecuredTransports(SSLContext context) {
        this.context = context;
    }

    @Override
    public Optional<SecureTransportSettingsProvider> getSecureTransportSettingsProvider(Settings settings) {
        return Optional.of(new ForNodes());
    }

    @Override
    public Optional<SecureHttpTransportSettingsProvider> getSecureHttpTransportSettingsProvider(Settings settings) {
        return Optional.of(new ForClients());
    }

    @Override
    public Optional<SecureAuxTransportSettingsProvider> getSecureAuxTransportSettingsProvider(Settings settings) {
        return Optional.empty();
    }

    private SSLEngine server() {
        var engine = context.createSSLEngine();
        engine.setUseClientMode(false);
        return engine;
    }

    private final class ForClients implements SecureHttpTransportSettingsProvider {

        @Override
        public Optional<TransportExceptionHandler> buildHttpServerExceptionHandler(Settings settings, HttpServerTransport transport) {
            return Optional.empty();
        }

        @Override
        public Optional<SSLEngine> buildSecureHttpServerEngine(Settings settings, HttpServerTransport transport) {
            return Optional.of(server());
        }
    }

    private final class ForNodes implements SecureTransportSettingsProvider {

        @Override
        public Optional<TransportExceptionHandler> buildServerTransportExceptionHandler(Settings settings, Transport transport) {
            return Optional.empty();
        }

        @Override
        public Optional<SSLEngine> buildSecureServerTransportEngine(Settings settings, Transport transport) {
            var engine = server();
            engine.setNeedClientAuth(true);
            return Optional.of(engine);
        }

        @Override
        public Optional<SSLEngine> buildSecureClientTransportEngine(Settings settings, String host, int port) {
            var engine = context.createSSLEngine(host, port);
            engine.setUseClientMode(true);
            return Optional.of(engine);
        }
    }
}
