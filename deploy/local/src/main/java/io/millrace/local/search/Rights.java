package io.millrace.local.search;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.opensearch.OpenSearchSecurityException;
import org.opensearch.action.ActionRequest;
import org.opensearch.action.AliasesRequest;
import org.opensearch.action.IndicesRequest;
import org.opensearch.action.admin.indices.alias.IndicesAliasesRequest;
import org.opensearch.action.support.ActionFilter;
import org.opensearch.action.support.ActionFilterChain;
import org.opensearch.action.support.ActionRequestMetadata;
import org.opensearch.core.action.ActionListener;
import org.opensearch.core.action.ActionResponse;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.tasks.Task;

/**
 * Lets a user do what the user's role allows, by the names of actions, as the security plugin does. What the engine does of its own
 * accord has no user and is let.
 */
final class Rights implements ActionFilter {

    /** They are of many indexes at once: each is looked at again with its own, as an action for one shard or one search. */
    private static final Set<String> OF_MANY = Set.of("indices:data/write/bulk", "indices:data/read/mget", "indices:data/read/msearch", "indices:data/read/scroll", "indices:data/read/scroll/clear",
            "indices:data/write/reindex");
    private static final List<String> OF_CLUSTER = List.of("cluster:", "indices:admin/template/", "indices:admin/index_template/");

    private final Supplier<String> user;
    private final Function<String, Role> roles;

    /**
     * @param user who has asked for what runs now; null for nobody
     * @param roles what a user may
     */
    Rights(Supplier<String> user, Function<String, Role> roles) {
        this.user = user;
        this.roles = roles;
    }

    @Override
    public int order() {
        return Integer.MIN_VALUE;
    }

    @Override
    public <Q extends ActionRequest, A extends ActionResponse> void apply(Task task, String action, Q request, ActionRequestMetadata<Q, A> metadata, ActionListener<A> listener, ActionFilterChain<Q, A> chain) {
        var name = user.get();
        if (name == null || isAllowed(roles.apply(name), action, request)) {
            chain.proceed(task, action, request, listener);
        } else {
            listener.onFailure(new OpenSearchSecurityException("no permissions for [" + action + "] and User [name=" + name + "]", RestStatus.FORBIDDEN));
        }
    }

    private static boolean isAllowed(Role role, String action, ActionRequest request) {
        if (OF_MANY.contains(action) || OF_CLUSTER.stream().anyMatch(action::startsWith)) {
            return role.allowsOnCluster(action);
        }
        return role.allows(action, names(request));
    }

    /** Those that the request calls by name; all of them where it calls none. */
    private static List<String> names(ActionRequest request) {
        // It is of no index itself: each of its changes is.
        var named = request instanceof IndicesAliasesRequest moves ? moves.getAliasActions().stream().flatMap(Rights::named) : named(request);
        var names = named.map(name -> "_all".equals(name) ? "*" : name).distinct().toList();
        return names.isEmpty() ? List.of("*") : names;
    }

    private static Stream<String> named(Object request) {
        var indexes = request instanceof IndicesRequest of && of.indices() != null ? Arrays.stream(of.indices()) : Stream.<String>empty();
        var aliases = request instanceof AliasesRequest of && of.aliases() != null ? Arrays.stream(of.aliases()) : Stream.<String>empty();
        return Stream.concat(indexes, aliases);
    }
}
