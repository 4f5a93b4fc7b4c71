package io.millrace.indexer.bulk;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Set;
import java.util.regex.Pattern;

/** What a target said about one document of a bulk request. */
public sealed interface Verdict {

    /** It stands there now, or is gone. */
    record Applied() implements Verdict {}

    /** A higher version was there. */
    record Superseded() implements Verdict {}

    /**
     * Not now: too much work, a shard on the move, a disk that is full.
     *
     * @param busy whether the engine has too much to do
     */
    record Later(String reason, boolean busy) implements Verdict {

        public Later(String reason) {
            this(reason, false);
        }
    }

    /** The engine failed over this document; may be its fault or the engine's. */
    record Failed(String reason) implements Verdict {}

    /** The mapping lacks one of its fields. */
    record Unmapped(String reason) implements Verdict {}

    /** Never, and it is the document's own fault. */
    record Refused(String reason) implements Verdict {}

    /** Refused for a reason that may be the index's as well; whether the index takes a delete of nobody's document tells ({@link Bulk}). */
    record Doubtful(String reason) implements Verdict {}

    /** The index itself is gone. */
    record IndexGone(String reason) implements Verdict {}

    /** A node that closes or cannot be reached, beside what names a shard; the engine gives these errors any status from 404 to 503. */
    Set<String> NODE_AWAY = Set.of("already_closed_exception", "engine_closed_exception", "node_closed_exception", "node_disconnected_exception", "node_not_connected_exception", "connect_transport_exception", "receive_timeout_transport_exception",
            "send_request_transport_exception", "retry_on_primary_exception", "retry_on_replica_exception");
    /** A shard, as the engine writes it. */
    Pattern SHARD = Pattern.compile("\\[([^\\[\\]]+)\\]\\[(\\d+)\\]");
    /** How the engine's words go on with the request, which has the document in it. */
    Pattern REQUEST = Pattern.compile(",? request: \\[.*", Pattern.DOTALL);
    Pattern CAME_FROM = Pattern.compile("; it came from (shard \\d+ of the index \\S+)");
    Pattern DATE_FORMAT = Pattern.compile("failed to parse date field \\[.*?\\] with format (\\[[^\\]]*\\])", Pattern.DOTALL);
    /** How the engine says that a text without letters is no date; it names no format then. */
    String EMPTY_DATE = "cannot parse empty date";
    /** How the engine says that the ingest pipeline is missing that the index's settings name. */
    String NO_INGEST = "pipeline with id [";
    Pattern HEAD = Pattern.compile("HTTP [0-9]+ \\w+|SQLSTATE \\w{5}");
    Pattern FIELD = Pattern.compile("(?:field|mapping for) \\[[^\\]]*\\](?: of type \\[\\w+\\])?|field=\"[^\"]*\"");
    Verdict APPLIED = new Applied();
    Verdict SUPERSEDED = new Superseded();

    /**
     * Reads one item of the search engine's answer.
     *
     * @param item what stands below the action's name
     */
    static Verdict of(JsonNode item) {
        int status = item.path("status").asInt();
        var error = item.path("error");
        if (status / 100 == 2 || status == 404 && error.isMissingNode()) {
            return APPLIED;
        }
        var type = error.path("type").asText("");
        var reason = "HTTP " + status + " " + type + ": " + REQUEST.matcher(error.path("reason").asText("")).replaceFirst("") + causes(error);
        if (type.contains("shard") || NODE_AWAY.contains(type)) {
            return new Later(reason + "; " + shard(error) + " takes no write now: ask why by GET /_cluster/allocation/explain");
        }
        return switch (type) {
            case "version_conflict_engine_exception" -> SUPERSEDED;
            // The latter answers a delete, which would make an index of the alias's name.
            case "index_not_found_exception", "invalid_index_name_exception" -> new IndexGone(reason);
            case "strict_dynamic_mapping_exception" -> new Unmapped(reason);
            case "index_closed_exception" -> new Later(reason + "; open the index again (POST /" + error.path("index").asText("INDEX") + "/_open)");
            case "cluster_block_exception" -> new Later(reason + "; free disk, or lift the block that somebody set (index.blocks.* of the index, cluster.blocks.* of the cluster); ./millrace retire deletes an index that stands aside");
            case "mapper_parsing_exception", "document_parsing_exception" -> new Refused(reason + advice(reason));
            default -> switch (status) {
                case 429 -> new Later(reason, true);
                case 408, 502, 503, 504 -> new Later(reason);
                case 401, 403 -> new Later(reason + "; give the user of millrace.search.user the rights that this service's DESIGN.md lists");
                case 404 -> new IndexGone(reason);
                case 409 -> SUPERSEDED;
                default -> status >= 500 ? new Failed(reason + "; it came from " + shard(error)) : reason.contains(NO_INGEST) ? new Later(reason + "; make it, or take index.default_pipeline away") : new Doubtful(reason);
            };
        };
    }

    /**
     * What everybody may read of a reason: status, type of the error, shard, field, and the format of its dates. A target quotes the value that it does not take,
     * which is for those who may read the quarantine.
     */
    static String withoutValues(String reason) {
        var head = HEAD.matcher(reason);
        if (!head.lookingAt()) {
            return reason;
        }
        var field = FIELD.matcher(reason);
        var format = DATE_FORMAT.matcher(reason);
        var shard = CAME_FROM.matcher(reason);
        return head.group() + (shard.find() ? " from " + shard.group(1) : "") + (field.find() ? " at the " + field.group() : "") + (format.find() ? ", which takes dates of the format " + format.group(1) : "") + " (what the engine says of the value stands with the document in quarantine)";
    }

    /** What to do about a date. */
    private static String advice(String reason) {
        if (reason.contains(EMPTY_DATE)) {
            return "; write null at the source where there is no date, or give the field ignore_malformed (under index.mappings) and have the index built anew (./millrace rebuild)";
        }
        var format = DATE_FORMAT.matcher(reason);
        return !format.find() ? "" : "; write dates of the format " + format.group(1) + " at the source, or give the field one that takes them (format, or ignore_malformed, of the field under index.mappings) and have the index built anew (./millrace rebuild)";
    }

    private static String shard(JsonNode error) {
        var named = SHARD.matcher(error.path("reason").asText(""));
        if (named.find()) {
            return "shard " + named.group(2) + " of the index " + named.group(1);
        }
        return error.has("shard") ? "shard " + error.path("shard").asText() + " of the index " + error.path("index").asText() : "a shard of the index";
    }

    private static String causes(JsonNode error) {
        var causes = new StringBuilder();
        for (var cause = error.path("caused_by"); cause.has("reason"); cause = cause.path("caused_by")) {
            causes.append("; ").append(REQUEST.matcher(cause.path("reason").asText()).replaceFirst(""));
        }
        return causes.toString();
    }
}
