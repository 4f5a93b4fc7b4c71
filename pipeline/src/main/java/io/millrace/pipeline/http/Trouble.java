package io.millrace.pipeline.http;

import java.net.ConnectException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.UnresolvedAddressException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.util.regex.Pattern;

/** Says what a failed connection failed of, and which setting to look at. */
final class Trouble {

    /** What a server says against a client's certificate (RFC 8446, 6.2). */
    private static final Pattern ALERT = Pattern.compile("Received fatal alert: ((?:bad|unsupported)_certificate|certificate_(?:revoked|expired|unknown|required)|unknown_ca)");

    private Trouble() {}

    /**
     * @param signers who signs the certificates that are believed
     * @param prefix of the keys
     */
    static String why(Throwable failure, String signers, String prefix) {
        for (var at = failure; at != null; at = at.getCause()) {
            if (at instanceof ExplainedException) {
                return at.getMessage();
            }
        }
        var deepest = failure;
        for (var at = failure; at != null; at = at.getCause()) {
            var message = String.valueOf(at.getMessage());
            if (at instanceof CertificateExpiredException || at instanceof CertificateNotYetValidException) {
                return "its certificate, or one that signs it, is out of its time (" + message + "); renew it there";
            }
            if (message.contains("unable to find valid certification path") || message.contains("Path does not chain with any of the trust anchors") || message.contains("signature check failed")) {
                return "its certificate is not signed by " + signers + "; put the certificate of its CA into the file of " + prefix + "ca-file";
            }
            if (message.contains("No subject alternative") || message.contains("No name matching") || message.contains("doesn't match any of the subject alternative names")) {
                return "its certificate is for another host (" + message.replaceFirst("^\\([a-z_]+\\) ", "") + "); address it by a name that stands in the certificate";
            }
            if (message.contains("Unsupported or unrecognized SSL message") || message.contains("not an SSL/TLS record")) {
                return "it does not speak TLS there; correct the address";
            }
            if (message.contains("header parser received no bytes")) {
                return "it ends the connection without an answer; where it speaks TLS, write https in the address";
            }
            // The client's own have no message: what lies under them tells whether there was anybody to ask.
            if (at instanceof UnresolvedAddressException) {
                return "its name leads nowhere; correct the address";
            }
            if (at instanceof ConnectException && at.getMessage() == null && at.getCause() instanceof ClosedChannelException) {
                return "nothing answers there; start it, or correct the address";
            }
            var alert = ALERT.matcher(message);
            if (alert.find()) {
                return "it does not take the certificate that is shown to it, or that none is (" + alert.group(1) + "); correct " + prefix + "certificate-file and " + prefix + "key-file";
            }
            deepest = at;
        }
        return deepest.getMessage() == null ? deepest.toString() : deepest.getMessage();
    }
}
