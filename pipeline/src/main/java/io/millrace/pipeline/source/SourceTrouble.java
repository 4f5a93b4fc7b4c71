package io.millrace.pipeline.source;

import io.millrace.pipeline.file.Reference;
import io.millrace.pipeline.tls.TlsFault;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.regex.Pattern;

/** What to do about a source database that lets nobody in, with the file or the part of the URL to look at. */
public final class SourceTrouble {

    /** The class of SQL states in which a login is not possible. */
    private static final String NO_LOGIN = "28";
    private static final String NO_DATABASE = "3D000";
    private static final String NO_RIGHT = "42501";
    private static final String OTHER_HOST = "the server's certificate is for another host; address it in the URL by a name that stands in the certificate";
    private static final String NO_TLS = "the server speaks no TLS, and sslmode in the URL wants it; switch ssl on there";

    private SourceTrouble() {}

    /**
     * An advice, without a full stop.
     *
     * @param url of JDBC
     * @param password never looked up here
     */
    public static String advice(SQLException failure, String url, Reference password) {
        for (Throwable at = failure; at != null; at = at.getCause()) {
            var encryption = encryption(at, url);
            if (encryption != null) {
                return encryption;
            }
        }
        var state = failure.getSQLState() == null ? "" : failure.getSQLState();
        if (state.startsWith(NO_LOGIN)) {
            return "correct the user or the password that the pipeline file refers to" + from(password);
        }
        if (isOfRights(failure)) {
            return "give the role that right: ./millrace apply gives all that the service needs to the role that the pipeline file names, or that source.roles of the regions file names for the service";
        }
        return state.equals(NO_DATABASE) ? "correct the URL that the pipeline file refers to" : "check that it runs and that the URL is right";
    }

    /** Whether the role lacks a right. */
    public static boolean isOfRights(SQLException failure) {
        return NO_RIGHT.equals(failure.getSQLState());
    }

    /** Null where it is not about TLS. */
    private static String encryption(Throwable failure, String url) {
        var message = String.valueOf(failure.getMessage());
        if (message.contains("could not be verified by hostnameverifier")) {
            return OTHER_HOST;
        }
        if (message.contains("server does not support SSL")) {
            return NO_TLS;
        }
        if (message.contains("no pg_hba.conf entry") && message.contains("no encryption")) {
            return "the server lets nobody in without TLS; set sslmode=verify-full and sslrootcert in the URL";
        }
        if (message.contains("root certificate file")) {
            return "correct sslrootcert in the URL";
        }
        var fault = message.contains("requires a valid client certificate") ? TlsFault.CLIENT_REFUSED : TlsFault.of(failure);
        return fault == null ? null : switch (fault) {
            case OUT_OF_TIME -> "the server's certificate, or one that signs it, is out of its time (" + message + "); renew it there";
            case NOT_BELIEVED -> "the server's certificate is signed by nobody in " + file(url, "sslrootcert") + "; put the certificate of its authority there";
            case OTHER_HOST -> OTHER_HOST;
            case NO_TLS -> NO_TLS;
            case CLIENT_REFUSED -> "the server does not take the certificate that is shown, or that none is; correct " + file(url, "sslcert") + " and " + file(url, "sslkey");
        };
    }

    private static String from(Reference password) {
        return switch (password) {
            case Reference.FromFile file -> ", in the file " + file.path();
            case Reference.Environment variable -> ", in the environment variable " + variable.name();
            default -> "";
        };
    }

    private static String file(String url, String parameter) {
        var found = Pattern.compile("[?&]" + parameter + "=([^&]*)").matcher(url);
        return found.find() ? parameter + " of the URL (" + URLDecoder.decode(found.group(1), StandardCharsets.UTF_8) + ")" : parameter + " of the URL, which is not set";
    }
}
