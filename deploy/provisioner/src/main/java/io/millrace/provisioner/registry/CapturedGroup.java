package io.millrace.provisioner.registry;

import io.millrace.pipeline.topic.Topics;
import io.millrace.provisioner.Check;
import io.millrace.provisioner.HttpPlace;
import io.millrace.provisioner.ProvisioningException;
import io.millrace.provisioner.Step;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The registry's group in which capture writes schemas down as they come. It has no rules: what a schema must meet
 * is decided by the gate when it asks for it in the group {@code default}.
 */
public final class CapturedGroup implements Step {

    private static final String GROUP = "captured";

    /** Where the gate registers what it lets in. */
    private static final String ACCEPTED = "default";
    private static final int NOT_ALLOWED = 405;

    private final HttpPlace registry;
    private final List<String> topics;

    /**
     * @param registry base of the registry's API, version 3
     * @param topics whose schemas go when the pipelines go
     */
    public CapturedGroup(HttpPlace registry, Collection<String> topics) {
        this.registry = registry;
        this.topics = List.copyOf(topics);
    }

    @Override
    public String describe() {
        return "registry: group " + GROUP + " without rules";
    }

    @Override
    public Check check() {
        if (call("GET", "/groups/" + GROUP, null, 404).statusCode() == 404) {
            return new Check.Needed(List.of("POST " + registry + "/groups {\"groupId\": \"" + GROUP + "\"}"));
        }
        var rules = call("GET", "/groups/" + GROUP + "/rules", null).body().strip();
        return rules.equals("[]") ? new Check.Done() : new Check.Needed(List.of("DELETE " + registry + "/groups/" + GROUP + "/rules (there are " + rules + ")"));
    }

    @Override
    public void apply() {
        call("POST", "/groups", "{\"groupId\": \"" + GROUP + "\", \"description\": \"Row schemas as capture met them\"}", 409);
        call("DELETE", "/groups/" + GROUP + "/rules", null);
    }

    /** The schemas of these topics; the group itself may serve other sources and costs nothing. */
    @Override
    public Check removal() {
        return Check.of(List.of(), artifacts().stream().map(artifact -> "DELETE " + registry + artifact).toList());
    }

    private List<String> artifacts() {
        var there = new ArrayList<String>();
        for (var group : List.of(GROUP, ACCEPTED)) {
            for (var topic : topics) {
                Stream.of(Topics.keySubject(topic), Topics.valueSubject(topic)).map(subject -> "/groups/" + group + "/artifacts/" + subject)
                        .filter(path -> call("GET", path, null, 404).statusCode() == 200).forEach(there::add);
            }
        }
        return there;
    }

    @Override
    public void remove() {
        for (var artifact : artifacts()) {
            if (call("DELETE", artifact, null, 404, NOT_ALLOWED).statusCode() == NOT_ALLOWED) {
                throw new ProvisioningException("The registry at " + registry + " does not delete schemas: allow it with apicurio.rest.deletion.artifact.enabled=true and run this again, or leave them;"
                        + " of everything else nothing is left", null);
            }
        }
    }

    private HttpResponse<String> call(String method, String path, String body, Integer... expected) {
        return registry.call(method, path, body, Set.of(expected), "check that this is an Apicurio Registry's version 3 API");
    }
}
