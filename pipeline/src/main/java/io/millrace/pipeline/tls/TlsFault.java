package io.millrace.pipeline.tls;

import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.util.regex.Pattern;

/** What a connection by TLS failed of, by the exceptions of the JDK and by the alerts of the other side; what to do about it is for whoever knows the settings. */
public enum TlsFault {
    /** The server's certificate, or one that signs it, is expired or not yet valid. */
    OUT_OF_TIME,
    /** Nobody who is believed has signed the server's certificate. */
    NOT_BELIEVED,
    /** The server's certificate is for another host. */
    OTHER_HOST,
    /** The server does not speak TLS. */
    NO_TLS,
    /** The server does not take the client's certificate, or wants one. */
    CLIENT_REFUSED;

    /** What a server says against a client's certificate (RFC 8446, 6.2). */
    private static final Pattern ALERT = Pattern.compile("Received fatal alert: ((?:bad|unsupported)_certificate|certificate_(?:revoked|expired|unknown|required)|unknown_ca)");

    /**
     * Looks at one exception, and not at its causes.
     *
     * @return null where it is not about TLS
     */
    public static TlsFault of(Throwable failure) {
        if (failure instanceof CertificateExpiredException || failure instanceof CertificateNotYetValidException) {
            return OUT_OF_TIME;
        }
        var message = String.valueOf(failure.getMessage());
        if (message.contains("unable to find valid certification path") || message.contains("Path does not chain with any of the trust anchors") || message.contains("signature check failed")) {
            return NOT_BELIEVED;
        }
        if (message.contains("No subject alternative") || message.contains("No name matching") || message.contains("doesn't match any of the subject alternative names")) {
            return OTHER_HOST;
        }
        if (message.contains("Unsupported or unrecognized SSL message") || message.contains("not an SSL/TLS record")) {
            return NO_TLS;
        }
        return ALERT.matcher(message).find() ? CLIENT_REFUSED : null;
    }

    /** The name of the alert by which a client's certificate was refused; the whole message where it is told otherwise. */
    public static String alert(Throwable refused) {
        var alert = ALERT.matcher(String.valueOf(refused.getMessage()));
        return alert.find() ? alert.group(1) : refused.getMessage();
    }
}
