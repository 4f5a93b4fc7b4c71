package io.millrace.pipeline.http;

import io.millrace.pipeline.tls.TlsFault;
import java.net.ConnectException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.UnresolvedAddressException;

/** Says what a failed connection failed of, and which setting to look at. */
final class Trouble {

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
            var fault = TlsFault.of(at);
            if (fault != null) {
                return encryption(fault, at, signers, prefix);
            }
            if (String.valueOf(at.getMessage()).contains("header parser received no bytes")) {
                return "it ends the connection without an answer; where it speaks TLS, write https in the address";
            }
            // The client's own have no message: what lies under them tells whether there was anybody to ask.
            if (at instanceof UnresolvedAddressException) {
                return "its name leads nowhere; correct the address";
            }
            if (at instanceof ConnectException && at.getMessage() == null && at.getCause() instanceof ClosedChannelException) {
                return "nothing answers there; start it, or correct the address";
            }
            deepest = at;
        }
        return deepest.getMessage() == null ? deepest.toString() : deepest.getMessage();
    }

    private static String encryption(TlsFault fault, Throwable failure, String signers, String prefix) {
        return switch (fault) {
            case OUT_OF_TIME -> "its certificate, or one that signs it, is out of its time (" + failure.getMessage() + "); renew it there";
            case NOT_BELIEVED -> "its certificate is not signed by " + signers + "; put the certificate of its CA into the file of " + prefix + "ca-file";
            case OTHER_HOST -> "its certificate is for another host (" + failure.getMessage().replaceFirst("^\\([a-z_]+\\) ", "") + "); address it by a name that stands in the certificate";
            case NO_TLS -> "it does not speak TLS there; correct the address";
            case CLIENT_REFUSED -> "it does not take the certificate that is shown to it, or that none is (" + TlsFault.alert(failure) + "); correct " + prefix + "certificate-file and " + prefix + "key-file";
        };
    }
}
