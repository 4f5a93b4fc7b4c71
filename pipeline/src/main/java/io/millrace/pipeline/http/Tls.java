package io.millrace.pipeline.http;

import java.io.IOException;
import java.net.Socket;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedKeyManager;
import javax.net.ssl.X509ExtendedTrustManager;

/** Which servers are believed, and what is shown to them, by files that are read again when they change. Immutable but for that. */
final class Tls {

    private static final String OWN = "own";

    /** Null: those that Java believes. */
    private final Believed believed;
    /** Null: nothing is shown. */
    private final Shown shown;

    /**
     * Reads the files once, so that one that cannot be used is told at the start.
     *
     * @param ca by its key: certificates of those that sign the servers'; empty for those that Java believes
     * @param own by their keys: a certificate and its key; empty for none
     */
    Tls(SequencedMap<String, Path> ca, SequencedMap<String, Path> own) throws IOException {
        believed = ca.isEmpty() ? null : new Believed(new Reread<>(new LinkedHashMap<>(ca), contents -> trust(contents.getFirst())));
        shown = own.isEmpty() ? null : new Shown(new Reread<>(new LinkedHashMap<>(own), contents -> identity(contents.getFirst(), contents.getLast())));
        if (believed != null) {
            believed.files.now();
        }
        if (shown != null) {
            shown.files.now();
        }
    }

    /** Null where Java's own is meant. */
    X509ExtendedTrustManager believed() {
        return believed;
    }

    /** Null where nothing is shown. */
    X509ExtendedKeyManager shown() {
        return shown;
    }

    /** Who signs the certificates that are believed, for a message. */
    String signers() {
        return believed == null ? "anybody whom Java believes" : "any of " + believed.files;
    }

    SSLContext context() {
        try {
            if (believed == null && shown == null) {
                return SSLContext.getDefault();
            }
            var context = SSLContext.getInstance("TLS");
            context.init(shown == null ? null : new KeyManager[] {shown}, believed == null ? null : new TrustManager[] {believed}, null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("This Java has no TLS: " + e, e);
        }
    }

    private static X509ExtendedTrustManager trust(byte[] ca) throws GeneralSecurityException, IOException {
        var store = store();
        for (var certificate : Pem.certificates(ca)) {
            store.setCertificateEntry("ca" + store.size(), certificate);
        }
        var factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        return (X509ExtendedTrustManager) factory.getTrustManagers()[0];
    }

    private static X509ExtendedKeyManager identity(byte[] certificate, byte[] key) throws GeneralSecurityException, IOException {
        var store = store();
        store.setKeyEntry(OWN, Pem.key(key), new char[0], Pem.certificates(certificate).toArray(Certificate[]::new));
        var factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        factory.init(store, new char[0]);
        return (X509ExtendedKeyManager) factory.getKeyManagers()[0];
    }

    private static KeyStore store() throws GeneralSecurityException, IOException {
        var store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        return store;
    }

    private static final class Believed extends X509ExtendedTrustManager {

        private final Reread<X509ExtendedTrustManager> files;

        Believed(Reread<X509ExtendedTrustManager> files) {
            this.files = files;
        }

        private X509ExtendedTrustManager now() throws CertificateException {
            try {
                return files.now();
            } catch (IOException e) {
                throw new CertificateException(e.getMessage(), e);
            }
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) throws CertificateException {
            now().checkServerTrusted(chain, type, engine);
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) throws CertificateException {
            now().checkServerTrusted(chain, type, socket);
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
            now().checkServerTrusted(chain, type);
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) throws CertificateException {
            now().checkClientTrusted(chain, type, engine);
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) throws CertificateException {
            now().checkClientTrusted(chain, type, socket);
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
            now().checkClientTrusted(chain, type);
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return files.last().getAcceptedIssuers();
        }
    }

    /** What is chosen in a handshake is shown in it: only the choice looks at the files. */
    private static final class Shown extends X509ExtendedKeyManager {

        private final Reread<X509ExtendedKeyManager> files;

        Shown(Reread<X509ExtendedKeyManager> files) {
            this.files = files;
        }

        @Override
        public String chooseEngineClientAlias(String[] types, Principal[] issuers, SSLEngine engine) {
            return now().chooseEngineClientAlias(types, issuers, engine);
        }

        @Override
        public String chooseClientAlias(String[] types, Principal[] issuers, Socket socket) {
            return now().chooseClientAlias(types, issuers, socket);
        }

        private X509ExtendedKeyManager now() {
            try {
                return files.now();
            } catch (IOException e) {
                // Half of a rotation: the pair of before may do, and if it does not, the server says so.
                return files.last();
            }
        }

        @Override
        public X509Certificate[] getCertificateChain(String alias) {
            return files.last().getCertificateChain(alias);
        }

        @Override
        public PrivateKey getPrivateKey(String alias) {
            return files.last().getPrivateKey(alias);
        }

        @Override
        public String[] getClientAliases(String type, Principal[] issuers) {
            return files.last().getClientAliases(type, issuers);
        }

        @Override
        public String[] getServerAliases(String type, Principal[] issuers) {
            return null;
        }

        @Override
        public String chooseServerAlias(String type, Principal[] issuers, Socket socket) {
            return null;
        }
    }
}
