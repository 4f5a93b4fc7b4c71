package io.millrace.pipeline.kafka;

import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.util.Map;
import java.util.regex.Pattern;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.apache.kafka.common.errors.SslAuthenticationException;

/** What to do about a Kafka that does not let a client in, with the user, the file and the setting to look at. */
public final class KafkaTrouble {

    private static final String JAAS = "sasl.jaas.config";
    private static final String TRUST = "ssl.truststore.location";
    private static final String KEYS = "ssl.keystore.location";
    private static final String PROTOCOL = "security.protocol";
    private static final String PLAIN = "PLAINTEXT";

    private KafkaTrouble() {}

    /**
     * An advice, without a full stop.
     *
     * @param settings of the client, without {@code kafka.} before them
     */
    public static String advice(Throwable failure, Map<String, ?> settings) {
        for (var at = failure; at != null; at = at.getCause()) {
            if (at instanceof SaslAuthenticationException) {
                return "correct the user" + named(settings, "username", " ") + " or the password" + named(settings, "passwordFile", " in ") + ", in kafka." + JAAS;
            }
            if (at instanceof SslAuthenticationException) {
                return encryption(at, settings);
            }
            if (at instanceof AuthorizationException) {
                return "give this service's user the right that it lacks: name it under kafka.principals of the regions file and run ./millrace apply";
            }
        }
        var protocol = settings.get(PROTOCOL);
        return "check kafka.bootstrap.servers and that Kafka runs" + (protocol == null || protocol.toString().equals(PLAIN) ? "; where it speaks TLS or asks for a login there, set kafka." + PROTOCOL : "");
    }

    private static String encryption(Throwable refused, Map<String, ?> settings) {
        for (var at = refused; at != null; at = at.getCause()) {
            var message = String.valueOf(at.getMessage());
            if (at instanceof CertificateExpiredException || at instanceof CertificateNotYetValidException) {
                return "the broker's certificate, or one that signs it, is out of its time (" + message + "); renew it there";
            }
            if (message.contains("unable to find valid certification path") || message.contains("Path does not chain with any of the trust anchors") || message.contains("signature check failed")) {
                return "the broker's certificate is signed by nobody in " + file(settings, TRUST) + "; put the certificate of its authority there";
            }
            if (message.contains("No subject alternative") || message.contains("No name matching") || message.contains("doesn't match any of the subject alternative names")) {
                return "the broker's certificate is for another host (" + message + "); correct kafka.bootstrap.servers, or what the broker advertises";
            }
            if (message.contains("Unsupported or unrecognized SSL message") || message.contains("not an SSL/TLS record")) {
                return "it speaks no TLS there; correct kafka.bootstrap.servers or kafka." + PROTOCOL;
            }
            if (message.contains("Received fatal alert")) {
                return "the broker does not take the certificate that is shown, or that none is (" + message + "); correct " + file(settings, KEYS);
            }
        }
        return "look at " + file(settings, TRUST) + " and " + file(settings, KEYS);
    }

    private static String file(Map<String, ?> settings, String key) {
        return "kafka." + key + (settings.get(key) == null ? ", which is not set" : " (" + settings.get(key) + ")");
    }

    /** An option of the login module; empty where it is not there. */
    private static String named(Map<String, ?> settings, String option, String before) {
        var found = Pattern.compile("\\b" + option + "\\s*=\\s*\"?([^\"\\s;]+)").matcher(String.valueOf(settings.get(JAAS)));
        return found.find() ? before + found.group(1) : "";
    }
}
