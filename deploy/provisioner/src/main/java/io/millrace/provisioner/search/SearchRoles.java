package io.millrace.provisioner.search;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millrace.provisioner.Check;
import io.millrace.provisioner.HttpPlace;
import io.millrace.provisioner.ProvisioningException;
import io.millrace.provisioner.Step;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.SequencedMap;
import java.util.TreeSet;

/**
 * The roles of services and readers in a search engine that has OpenSearch's security plugin; nothing in one that has not. Who has a
 * role is said there, by whoever knows the users.
 */
public final class SearchRoles implements Step {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int OK = 200;
    private static final int NOT_FOUND = 404;
    /** Without the plugin nobody answers at its path, or its method. */
    private static final Set<Integer> UNKNOWN = Set.of(400, 404, 405);
    private static final String PROBE = "millrace-search-indexer";
    private static final String MADE_BY = "made by millrace";

    private final HttpPlace search;
    private final SequencedMap<String, SearchRights> roles;

    /** @param indexes the aliases that are read */
    public SearchRoles(HttpPlace search, Collection<String> indexes) {
        this.search = search;
        this.roles = SearchRights.roles(new TreeSet<>(indexes));
    }

    @Override
    public String describe() {
        return "search: roles " + String.join(", ", roles.keySet());
    }

    private static String path(String role) {
        return "/_plugins/_security/api/roles/" + role;
    }

    private static ObjectNode wanted(SearchRights rights) {
        var role = JSON.createObjectNode();
        role.put("description", MADE_BY);
        rights.cluster().forEach(role.putArray("cluster_permissions")::add);
        var indexes = role.putArray("index_permissions");
        rights.indexes().forEach(on -> {
            var index = indexes.addObject();
            on.names().forEach(index.putArray("index_patterns")::add);
            on.actions().forEach(index.putArray("allowed_actions")::add);
        });
        return role;
    }

    @Override
    public Check check() {
        if (!hasRoles()) {
            return new Check.Done();
        }
        var problems = new ArrayList<String>();
        var actions = new ArrayList<String>();
        roles.forEach((name, rights) -> {
            var found = found(name);
            if (found != null && !found.path("description").asText().equals(MADE_BY)) {
                problems.add("The role " + name + " of the search engine at " + search + " is somebody else's; delete it, or rename it");
            } else if (!same(found, wanted(rights))) {
                actions.add("PUT " + search + path(name) + " " + wanted(rights));
            }
        });
        return Check.of(problems, actions);
    }

    /** The plugin adds fields of its own. */
    private static boolean same(JsonNode found, ObjectNode wanted) {
        return found != null && found.path("cluster_permissions").equals(wanted.path("cluster_permissions")) && sameOnIndexes(found.path("index_permissions"), wanted.path("index_permissions"));
    }

    private static boolean sameOnIndexes(JsonNode found, JsonNode wanted) {
        if (found.size() != wanted.size()) {
            return false;
        }
        for (int i = 0; i < wanted.size(); i++) {
            for (var key : List.of("index_patterns", "allowed_actions")) {
                if (!found.path(i).path(key).equals(wanted.path(i).path(key))) {
                    return false;
                }
            }
        }
        return true;
    }

    /** An engine without the plugin says that it knows no such path; one with it that it knows no such role. */
    private boolean hasRoles() {
        var answer = search.call("GET", path(PROBE), null, UNKNOWN, "check that this is the search engine and that the user may read its roles");
        return answer.statusCode() == OK || answer.statusCode() == NOT_FOUND && json(answer.body()).path("status").asText().equals("NOT_FOUND");
    }

    private JsonNode found(String role) {
        var answer = search.call("GET", path(role), null, Set.of(NOT_FOUND), "check that the user may read roles");
        return answer.statusCode() == NOT_FOUND ? null : json(answer.body()).path(role);
    }

    @Override
    public void apply() {
        roles.forEach((name, rights) -> search.call("PUT", path(name), wanted(rights).toString(), Set.of(), "check that the user may make roles"));
    }

    @Override
    public Check removal() {
        if (!hasRoles()) {
            return new Check.Done();
        }
        return Check.of(List.of(), ours().stream().map(name -> "DELETE " + search + path(name)).toList());
    }

    /** Those of readers: the services' are also for other pipelines. */
    private List<String> ours() {
        return roles.keySet().stream().filter(name -> name.startsWith("millrace-reader-")).filter(name -> {
            var found = found(name);
            return found != null && found.path("description").asText().equals(MADE_BY);
        }).toList();
    }

    @Override
    public void remove() {
        ours().forEach(name -> search.call("DELETE", path(name), null, Set.of(NOT_FOUND), "check that the user may delete roles"));
    }

    private JsonNode json(String body) {
        try {
            return JSON.readTree(body);
        } catch (JsonProcessingException e) {
            throw new ProvisioningException("The search engine at " + search + " answered something that is no JSON; check that this is its address", e);
        }
    }
}
