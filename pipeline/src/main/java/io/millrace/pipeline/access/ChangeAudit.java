package io.millrace.pipeline.access;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * Tells the log who asked a service for a change and how that was answered, where the service knows one token. The log's category is
 * {@code millrace.audit}. Immutable.
 */
public final class ChangeAudit {

    private static final System.Logger LOG = System.getLogger("millrace.audit");
    private static final Set<String> READS = Set.of("GET", "HEAD", "OPTIONS");
    /** A condition in SQL, in which values of rows may stand. */
    private static final String CONDITION = "where";

    private final Supplier<BearerToken> token;

    /** @param token of those who may change something; asked for at a change, so that one that is not there stops no start */
    public ChangeAudit(Supplier<BearerToken> token) {
        this.token = token;
    }

    /**
     * Whether a call belongs here: it asks for a change, by somebody who may. Without a token nobody may.
     *
     * @param authorization the request's header of that name, null where it has none
     */
    public boolean concerns(String authorization, String method) {
        try {
            return !READS.contains(method) && token.get().isIn(authorization);
        } catch (IllegalStateException _) {
            return false;
        }
    }

    /**
     * Leaves a line about a call that belongs here.
     *
     * @param path as it was sent
     * @param query what is asked for beside the path
     * @param from the caller's address
     * @param status of the answer
     */
    public void answered(String method, String path, Map<String, List<String>> query, String from, int status) {
        LOG.log(System.Logger.Level.INFO, line(method, path, query, from, status));
    }

    static String line(String method, String path, Map<String, List<String>> query, String from, int status) {
        var asked = new TreeMap<>(query).entrySet().stream().map(e -> " " + e.getKey() + "=" + (e.getKey().equals(CONDITION) ? "…" : String.join(",", e.getValue()))).collect(Collectors.joining());
        return (method + " " + path + asked + " by token from " + from + ": answered " + status).replaceAll("\\p{Cntrl}", "?");
    }
}
