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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

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
    /** Roles are for others to make. */
    private static final Set<Integer> CLOSED = Set.of(401, 403);
    private static final Set<Integer> ASKED = Stream.concat(UNKNOWN.stream(), CLOSED.stream()).collect(Collectors.toUnmodifiableSet());
    private static final String PROBE = "millrace-search-indexer";
    private static final String MADE_BY = "made by millrace";

    private final HttpPlace search;
    private final List<String> indexes;
    private final Predicate<String> isOfOthers;
    private final SequencedMap<String, SearchRights> roles;

    /**
     * @param indexes the aliases that are read
     * @param isOfOthers whether one of these is read of other pipelines too, so that it stays in the roles; asked when something is removed
     */
    public SearchRoles(HttpPlace search, Collection<String> indexes, Predicate<String> isOfOthers) {
        this.search = search;
        this.indexes = List.copyOf(indexes);
        this.isOfOthers = isOfOthers;
        this.roles = SearchRights.roles(new TreeSet<>(indexes));
    }

    @Override
    public String describe() {
        return "search: roles " + String.join(", ", roles.keySet());
    }

    private static String path(String role) {
        return "/_plugins/_security/api/roles/" + role;
    }

    /** A service also serves pipelines whose files this run was not given: it keeps the indexes of these. */
    private ObjectNode wanted(String name, JsonNode found) {
        var wanted = json(roles.get(name));
        if (SearchRights.isShared(name) && found != null) {
            var patterns = new TreeSet<>(pipelines(wanted));
            pipelines(found).stream().map(SearchRights::today).filter(SearchRights::isOfPipelines).forEach(patterns::add);
            setPipelines(wanted, patterns);
        }
        return wanted;
    }

    /** The patterns of the pipelines' indexes, which a role has first. */
    private static List<String> pipelines(JsonNode role) {
        return role.path("index_permissions").path(0).path("index_patterns").valueStream().map(JsonNode::asText).toList();
    }

    private static void setPipelines(ObjectNode role, Collection<String> patterns) {
        patterns.forEach(((ObjectNode) role.path("index_permissions").path(0)).putArray("index_patterns")::add);
    }

    private static ObjectNode json(SearchRights rights) {
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
        return look("no role is made", this::needed);
    }

    private Check needed() {
        var problems = new ArrayList<String>();
        var actions = new ArrayList<String>();
        roles.keySet().forEach(name -> {
            var found = found(name);
            var wanted = wanted(name, found);
            if (found != null && !isOurs(found)) {
                problems.add("The role " + name + " of the search engine at " + search + " is somebody else's; delete it, or rename it");
            } else if (!same(found, wanted)) {
                actions.add("PUT " + search + path(name) + " " + wanted);
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

    /**
     * An engine without the plugin says that it knows no such path; one with it that it knows no such role, or that this user may not ask.
     *
     * @param undone what is not done in the last case
     */
    private Check look(String undone, Supplier<Check> look) {
        var answer = search.call("GET", path(PROBE), null, ASKED, "check that this is the search engine");
        int status = answer.statusCode();
        if (CLOSED.contains(status)) {
            return new Check.Advised(List.of("The user at " + search + " may not read its roles (" + status + "), so " + undone + ": see to the roles of the services and readers there, or let somebody run this who may read and make them"));
        }
        return status == OK || status == NOT_FOUND && json(answer.body()).path("status").asText().equals("NOT_FOUND") ? look.get() : new Check.Done();
    }

    private JsonNode found(String role) {
        var answer = search.call("GET", path(role), null, Set.of(NOT_FOUND), "check that the user may read roles");
        return answer.statusCode() == NOT_FOUND ? null : json(answer.body()).path(role);
    }

    private static boolean isOurs(JsonNode found) {
        return found.path("description").asText().equals(MADE_BY);
    }

    @Override
    public void apply() {
        roles.keySet().forEach(name -> put(name, wanted(name, found(name))));
    }

    private void put(String name, JsonNode role) {
        search.call("PUT", path(name), role.toString(), Set.of(), "check that the user may make roles");
    }

    @Override
    public Check removal() {
        return look("those that were made stay", () -> Check.of(List.of(), remains().entrySet().stream().map(left -> left.getValue()
                .map(role -> "PUT " + search + path(left.getKey()) + " " + role).orElse("DELETE " + search + path(left.getKey()))).toList()));
    }

    /** What is left of each role of ours that has to do with these indexes; empty for one that has no other. */
    private Map<String, Optional<ObjectNode>> remains() {
        var remains = new LinkedHashMap<String, Optional<ObjectNode>>();
        SearchRights.roles(indexes.stream().filter(isOfOthers.negate()).sorted().toList()).forEach((name, rights) -> {
            var found = found(name);
            if (found == null || !isOurs(found)) {
                return;
            }
            var gone = pipelines(json(rights));
            var there = pipelines(found).stream().map(SearchRights::today).distinct().toList();
            var left = there.stream().filter(pattern -> !gone.contains(pattern)).toList();
            if (!SearchRights.isShared(name) || left.isEmpty()) {
                remains.put(name, Optional.empty());
            } else if (left.size() < there.size()) {
                var role = json(rights);
                setPipelines(role, left);
                remains.put(name, Optional.of(role));
            }
        });
        return remains;
    }

    @Override
    public void remove() {
        remains().forEach((name, left) -> left.ifPresentOrElse(role -> put(name, role), () -> search.call("DELETE", path(name), null, Set.of(NOT_FOUND), "check that the user may delete roles")));
    }

    private JsonNode json(String body) {
        try {
            return JSON.readTree(body);
        } catch (JsonProcessingException e) {
            throw new ProvisioningException("The search engine at " + search + " answered something that is no JSON; check that this is its address", e);
        }
    }
}
