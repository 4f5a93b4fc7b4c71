package io.millrace.provisioner.registry;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.provisioner.Check;
import io.millrace.provisioner.HttpPlace;
import io.millrace.provisioner.ProvisioningException;
import io.millrace.provisioner.Step;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;

/**
 * What each service may do in a registry that keeps roles itself ({@code apicurio.auth.role-source=application}). One that takes roles from tokens knows them from whoever makes these.
 */
public final class RegistryRoles implements Step {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String WRITES = "DEVELOPER";
    private static final String READS = "READ_ONLY";
    private static final int OK = 200;
    private static final int NOT_FOUND = 404;
    /** Of who may not, and of a registry that keeps no roles. */
    private static final Set<Integer> CLOSED = Set.of(403, 409);

    /** By the service's name; the others have nothing to do with the registry. */
    static final SequencedMap<String, String> SERVICES = services();

    private final HttpPlace registry;
    private final Map<String, String> principals;
    private final Supplier<Set<String>> otherSources;

    /**
     * @param registry base of the registry's API, version 3
     * @param principals as whom the services come to it, by the service's name
     * @param otherSources those whose rows the same services pass on too, so that their roles stay; asked when something is removed
     */
    public RegistryRoles(HttpPlace registry, Map<String, String> principals, Supplier<Set<String>> otherSources) {
        this.registry = registry;
        this.principals = new TreeMap<>(principals);
        this.otherSources = otherSources;
    }

    private static SequencedMap<String, String> services() {
        var services = new LinkedHashMap<String, String>();
        // The schemas that it meets.
        services.put("capture-service", WRITES);
        // Those that it lets in, and what they must meet.
        services.put("schema-registry-gate", WRITES);
        services.put("denormalizer-service", READS);
        services.put("search-indexer", READS);
        return services;
    }

    @Override
    public String describe() {
        return "registry: roles of " + String.join(", ", principals.keySet());
    }

    @Override
    public Check check() {
        var problems = new ArrayList<String>();
        principals.keySet().stream().filter(service -> !SERVICES.containsKey(service))
                .forEach(service -> problems.add("There is no service '" + service + "' that comes to the registry; known: " + String.join(", ", SERVICES.keySet())));
        if (problems.isEmpty()) {
            var closed = closed();
            if (closed != null) {
                problems.add(closed);
            }
        }
        return Check.of(problems, problems.isEmpty() ? missing() : List.of());
    }

    /** Why nobody's role can be seen there; null where they can. */
    private String closed() {
        var answer = registry.call("GET", path(""), null, CLOSED, "check that this is an Apicurio Registry's version 3 API");
        return answer.statusCode() == OK ? null : "The registry at " + registry + " does not tell its roles (" + answer.statusCode() + " " + answer.body() + "): let it keep roles itself, by apicurio.auth.role-based-authorization=true and apicurio.auth.role-source=application,"
                + " and let somebody run this who is an admin there; or, where it takes roles from tokens, give them there (" + READS + " to denormalizer and indexer, " + WRITES + " to capture and gate) and leave registry.principals out of the regions file";
    }

    private List<String> missing() {
        var actions = new ArrayList<String>();
        principals.forEach((service, principal) -> {
            var found = found(principal);
            if (found == null) {
                actions.add("POST " + registry + path("") + " " + mapping(service, principal));
            } else if (!found.equals(SERVICES.get(service))) {
                actions.add("PUT " + registry + path(principal) + " " + role(service) + " (it is " + found + ")");
            }
        });
        return actions;
    }

    private static String path(String principal) {
        return "/admin/roleMappings" + (principal.isEmpty() ? "" : "/" + URLEncoder.encode(principal, StandardCharsets.UTF_8).replace("+", "%20"));
    }

    private static String mapping(String service, String principal) {
        return JSON.createObjectNode().put("principalId", principal).put("principalName", service).put("role", SERVICES.get(service)).toString();
    }

    private static String role(String service) {
        return JSON.createObjectNode().put("role", SERVICES.get(service)).toString();
    }

    /** A principal's role there; null where it has none. */
    private String found(String principal) {
        var answer = registry.call("GET", path(principal), null, Set.of(NOT_FOUND), "check that the user is an admin of the registry");
        if (answer.statusCode() == NOT_FOUND) {
            return null;
        }
        try {
            return JSON.readTree(answer.body()).path("role").asText();
        } catch (JsonProcessingException e) {
            throw new ProvisioningException("The registry at " + registry + " answered something that is no JSON; check that this is its address", e);
        }
    }

    @Override
    public void apply() {
        principals.forEach((service, principal) -> {
            var found = found(principal);
            if (found == null) {
                call("POST", path(""), mapping(service, principal));
            } else if (!found.equals(SERVICES.get(service))) {
                call("PUT", path(principal), role(service));
            }
        });
    }

    @Override
    public Check removal() {
        return Check.of(List.of(), leaving().stream().map(principal -> "DELETE " + registry + path(principal)).toList());
    }

    /** The services are those of all sources: their roles go with the last one. */
    private List<String> leaving() {
        var present = present();
        return present.isEmpty() || otherSources.get().isEmpty() ? present : List.of();
    }

    private List<String> present() {
        return closed() != null ? List.of() : principals.values().stream().filter(principal -> found(principal) != null).toList();
    }

    @Override
    public List<String> staying() {
        var others = present().isEmpty() ? Set.<String>of() : otherSources.get();
        return others.isEmpty() ? List.of() : List.of("The roles of " + String.join(", ", principals.keySet()) + " in the registry stay, because Kafka has topics of other sources too: " + String.join(", ", others));
    }

    @Override
    public void remove() {
        leaving().forEach(principal -> registry.call("DELETE", path(principal), null, Set.of(NOT_FOUND), "check that the user is an admin of the registry"));
    }

    private void call(String method, String path, String body) {
        registry.call(method, path, body, Set.of(), "check that the user is an admin of the registry");
    }
}
