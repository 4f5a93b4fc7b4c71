package io.millrace.check.compatibility;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.check.CheckException;
import io.millrace.pipeline.file.Compatibility;
import io.millrace.pipeline.http.HttpAccess;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.avro.Schema;

/**
 * Asks Apicurio Registry, by registering versions without keeping them ({@code dryRun}), so that nothing changes in it. What the
 * registry cannot know, the versions of earlier migrations of the same run, is judged locally. Thread-safe.
 */
public final class RegistryJudge implements Judge {

    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final int NOT_FOUND = 404;
    private static final int CONFLICT = 409;
    private static final int BAD_REQUEST = 400;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final HttpAccess access;
    private final HttpClient http;
    private final URI url;
    private final LocalJudge local = new LocalJudge();
    /** The versions that the registry did not know when the run began, by subject. */
    private final Map<String, Boolean> absent = new ConcurrentHashMap<>();

    /**
     * @param url the registry's core API, version 3
     * @param access as whom it is asked, and whom to believe
     */
    public RegistryJudge(URI url, HttpAccess access) {
        this.access = access;
        this.http = access.client().connectTimeout(PATIENCE).build();
        this.url = URI.create(url.toString().replaceAll("/+$", ""));
    }

    /** Null where the registry answers, else why not. */
    public String whyAway() {
        try {
            var answer = send(HttpRequest.newBuilder(url.resolve(url.getPath() + "/system/info")).GET());
            return answer.statusCode() == 200 ? null : "it answers " + access.why(answer.statusCode());
        } catch (IOException e) {
            return access.why(e);
        }
    }

    @Override
    public List<Objection> judge(String subject, Compatibility rule, List<Schema> versions, Schema next) {
        var details = local.judge(subject, rule, versions, next);
        if (rule == Compatibility.NONE || absent.containsKey(subject)) {
            return details;
        }
        var refusal = refusal(subject, next);
        if (absent.containsKey(subject)) {
            return details;
        }
        if (refusal == null) {
            // The registry has the baseline and what is before it; only this run's own versions are left to be judged here.
            return versions.size() == 1 ? List.of() : local.judge(subject, rule, versions.subList(1, versions.size()), next);
        }
        return details.isEmpty() ? List.of(new Objection(null, "the registry refuses it: " + refusal)) : details;
    }

    /** Null where the registry would take the version. */
    private String refusal(String subject, Schema next) {
        try {
            var body = JSON.createObjectNode();
            body.putObject("content").put("content", next.toString()).put("contentType", "application/json");
            var answer = send(HttpRequest.newBuilder(url.resolve(url.getPath() + "/groups/default/artifacts/" + subject + "/versions?dryRun=true"))
                    .header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofString(body.toString())));
            var status = answer.statusCode();
            if (status == NOT_FOUND) {
                absent.put(subject, true);
                return null;
            }
            if (status / 100 == 2) {
                return null;
            }
            if (status == CONFLICT || status == BAD_REQUEST) {
                return message(JSON.readTree(answer.body()));
            }
            throw new IOException(access.why(status) + " " + answer.body());
        } catch (IOException e) {
            throw new CheckException("Asking the registry at " + url + " about " + subject + " failed: " + access.why(e)
                    + "; run again, or leave --registry out to have the rules evaluated locally", e);
        }
    }

    private static String message(JsonNode problem) {
        var causes = new ArrayList<String>();
        problem.path("causes").forEach(cause -> causes.add(cause.path("description").asText() + " at " + cause.path("context").asText()));
        return causes.isEmpty() ? problem.path("title").asText(problem.path("detail").asText()) : String.join("; ", causes);
    }

    private HttpResponse<String> send(HttpRequest.Builder request) throws IOException {
        try {
            return http.send(access.authorize(request.timeout(PATIENCE)).build(), BodyHandlers.ofString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    @Override
    public String describe() {
        return "asked of the registry at " + url + (absent.isEmpty() ? "" : "; " + absent.size() + " subjects that it does not know yet were evaluated locally");
    }

    @Override
    public void close() {
        http.close();
    }
}
