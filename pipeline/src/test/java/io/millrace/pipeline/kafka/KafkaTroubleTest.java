package io.millrace.pipeline.kafka;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.security.cert.CertificateExpiredException;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import javax.net.ssl.SSLHandshakeException;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.apache.kafka.common.errors.SslAuthenticationException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.junit.jupiter.api.Test;

class KafkaTroubleTest {

    private static final Map<String, String> SETTINGS = Map.of("security.protocol", "SASL_SSL", "ssl.truststore.location", "/etc/ca.pem",
            "sasl.jaas.config", "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"indexer\" passwordFile=\"/etc/kafka/password\";");

    private static String handshake(Throwable cause) {
        return KafkaTrouble.advice(new ExecutionException(new SslAuthenticationException("SSL handshake failed", cause)), SETTINGS);
    }

    @Test
    void aRefusedLoginIsNamedByUserAndFileAndNeverByItsPassword() {
        var refused = new SaslAuthenticationException("Authentication failed during authentication due to invalid credentials with SASL mechanism SCRAM-SHA-512");
        assertEquals("correct the user indexer or the password in /etc/kafka/password, in kafka.sasl.jaas.config", KafkaTrouble.advice(refused, SETTINGS));
        assertEquals("correct the user indexer or the password, in kafka.sasl.jaas.config",
                KafkaTrouble.advice(refused, Map.of("sasl.jaas.config", "org.apache.kafka.common.security.plain.PlainLoginModule required username=indexer password=hidden;")));
        assertEquals("correct the user or the password, in kafka.sasl.jaas.config", KafkaTrouble.advice(refused, Map.of()));
    }

    @Test
    void aBrokerThatIsNotBelievedIsToldWithTheFileOfWhomToBelieve() {
        assertEquals("the broker's certificate is signed by nobody in kafka.ssl.truststore.location (/etc/ca.pem); put the certificate of its authority there",
                handshake(new SSLHandshakeException("PKIX path building failed: unable to find valid certification path to requested target")));
        assertEquals("the broker's certificate is for another host (No subject alternative DNS name matching broker found.); correct kafka.bootstrap.servers, or what the broker advertises",
                handshake(new SSLHandshakeException("No subject alternative DNS name matching broker found.")));
        assertEquals("the broker's certificate, or one that signs it, is out of its time (NotAfter: yesterday); renew it there",
                handshake(new SSLHandshakeException("PKIX path validation failed").initCause(new CertificateExpiredException("NotAfter: yesterday"))));
    }

    @Test
    void whatIsShownToTheBrokerAndWhoSpeaksNoTlsAreToldBySetting() {
        assertEquals("the broker does not take the certificate that is shown, or that none is (certificate_required); correct kafka.ssl.keystore.location, which is not set",
                handshake(new SSLHandshakeException("Received fatal alert: certificate_required")));
        assertEquals("it speaks no TLS there; correct kafka.bootstrap.servers or kafka.security.protocol", handshake(new SSLHandshakeException("Unsupported or unrecognized SSL message")));
    }

    @Test
    void whoLacksARightIsNotSentToLookForTheServer() {
        assertEquals("give this service's user the right that it lacks: name it under kafka.principals of the regions file and run ./millrace apply",
                KafkaTrouble.advice(new ExecutionException(new TopicAuthorizationException(Set.of("captured.shop.public.team"))), SETTINGS));
    }

    @Test
    void aPlainClientIsToldThatThereMayBeTls() {
        assertEquals("check kafka.bootstrap.servers and that Kafka runs; where it speaks TLS or asks for a login there, set kafka.security.protocol", KafkaTrouble.advice(new TimeoutException("Timed out waiting for a node assignment"), Map.of()));
        assertEquals("check kafka.bootstrap.servers and that Kafka runs", KafkaTrouble.advice(new TimeoutException("Timed out waiting for a node assignment"), SETTINGS));
    }
}
