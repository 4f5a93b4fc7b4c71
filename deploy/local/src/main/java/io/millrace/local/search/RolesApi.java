package io.millrace.local.search;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import org.opensearch.common.xcontent.XContentFactory;
import org.opensearch.core.common.bytes.BytesReference;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.rest.BaseRestHandler;
import org.opensearch.rest.BytesRestResponse;
import org.opensearch.rest.RestRequest;
import org.opensearch.transport.client.node.NodeClient;

/** Roles are read, made and taken away as with the security plugin. */
final class RolesApi extends BaseRestHandler {

    private static final String PATH = "/_plugins/_security/api/roles/{name}";

    private final RoleFile roles;
    private final BooleanSupplier isAdmin;

    RolesApi(RoleFile roles, BooleanSupplier isAdmin) {
        this.roles = roles;
        this.isAdmin = isAdmin;
    }

    @Override
    public String getName() {
        return "millrace_roles";
    }

    @Override
    public List<Route> routes() {
        return List.of(new Route(RestRequest.Method.GET, PATH), new Route(RestRequest.Method.PUT, PATH), new Route(RestRequest.Method.DELETE, PATH));
    }

    @Override
    protected RestChannelConsumer prepareRequest(RestRequest request, NodeClient client) throws IOException {
        var answer = answer(request);
        return channel -> channel.sendResponse(answer);
    }

    private BytesRestResponse answer(RestRequest request) throws IOException {
        var name = request.param("name");
        if (!isAdmin.getAsBoolean()) {
            return said(RestStatus.FORBIDDEN, Map.of("status", "FORBIDDEN", "message", "Access denied"));
        }
        if (request.method() == RestRequest.Method.PUT) {
            boolean isNew = roles.json(name) == null;
            roles.put(name, RoleFile.parse(BytesReference.toBytes(request.requiredContent())));
            return said(isNew ? RestStatus.CREATED : RestStatus.OK, Map.of("status", isNew ? "CREATED" : "OK", "message", "'" + name + "' " + (isNew ? "created." : "updated.")));
        }
        var role = roles.json(name);
        if (role == null) {
            return said(RestStatus.NOT_FOUND, Map.of("status", "NOT_FOUND", "message", "role '" + name + "' not found."));
        }
        if (request.method() == RestRequest.Method.DELETE) {
            roles.put(name, null);
            return said(RestStatus.OK, Map.of("status", "OK", "message", "'" + name + "' deleted."));
        }
        return said(RestStatus.OK, Map.of(name, role));
    }

    private static BytesRestResponse said(RestStatus status, Map<String, Object> json) throws IOException {
        try (var builder = XContentFactory.jsonBuilder()) {
            return new BytesRestResponse(status, builder.map(json));
        }
    }
}
