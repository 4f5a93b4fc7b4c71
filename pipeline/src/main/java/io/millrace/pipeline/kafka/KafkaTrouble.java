package io.millrace.pipeline.kafka;

import io.millrace.pipeline.tls.TlsFault;
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
     * @param failure null where Kafka just gives no answer
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
            var fault = TlsFault.of(at);
            if (fault != null) {
                return switch (fault) {
                    case OUT_OF_TIME -> "the broker's certificate, or one that signs it, is out of its time (" + at.getMessage() + "); renew it there";
                    case NOT_BELIEVED -> "the broker's certificate is signed by nobody in " + file(settings, TRUST) + "; put the certificate of its authority there";
                    case OTHER_HOST -> "the broker's certificate is for another host (" + at.getMessage() + "); correct kafka.bootstrap.servers, or what the broker advertises";
                    case NO_TLS -> "it speaks no TLS there; correct kafka.bootstrap.servers or kafka." + PROTOCOL;
                    case CLIENT_REFUSED -> "the broker does not take the certificate that is shown, or that none is (" + TlsFault.alert(at) + "); correct " + file(settings, KEYS);
                };
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
