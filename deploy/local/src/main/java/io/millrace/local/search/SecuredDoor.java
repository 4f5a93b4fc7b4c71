package io.millrace.local.search;

import io.millrace.local.Keyring;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.opensearch.action.support.ActionFilter;
import org.opensearch.cluster.metadata.IndexNameExpressionResolver;
import org.opensearch.cluster.node.DiscoveryNodes;
import org.opensearch.common.settings.ClusterSettings;
import org.opensearch.common.settings.IndexScopedSettings;
import org.opensearch.common.settings.Setting;
import org.opensearch.common.settings.Settings;
import org.opensearch.common.settings.SettingsFilter;
import org.opensearch.common.util.concurrent.ThreadContext;
import org.opensearch.core.rest.RestStatus;
import org.opensearch.plugins.ActionPlugin;
import org.opensearch.plugins.Plugin;
import org.opensearch.plugins.SecureSettingsFactory;
import org.opensearch.rest.BytesRestResponse;
import org.opensearch.rest.RestChannel;
import org.opensearch.rest.RestController;
import org.opensearch.rest.RestHandler;
import org.opensearch.rest.RestRequest;
import org.opensearch.transport.client.node.NodeClient;

/**
 * Stands in a secured local stack for OpenSearch's security plugin, which no package registry has: TLS at each port, basic
 * authentication, roles by the names of actions, and the part of the plugin's API by which roles are made. A user has the role
 * {@code millrace-NAME}; {@link Keyring#ADMIN} may everything. Web pages are kept out as {@link LoopbackDoor} does it.
 */
public final class SecuredDoor extends Plugin implements ActionPlugin {

    /** The stack's data folder. */
    static final Setting<String> DATA = Setting.simpleString("millrace.secured", Setting.Property.NodeScope);

    private static final String USER = "millrace.user";
    private static final String ROLE = "millrace-";
    private static final String BASIC = "Basic ";

    private final Keyring keyring;
    private final Reread<Map<String, String>> passwords;
    private final RoleFile roles;
    private volatile ThreadContext context;

    /** Called by the engine. */
    public SecuredDoor(Settings settings) {
        this.keyring = Keyring.in(Path.of(DATA.get(settings)));
        this.passwords = new Reread<>(keyring.folder().resolve("search-users.properties"), SecuredDoor::passwords, Map.of());
        this.roles = new RoleFile(keyring.folder().resolve("search-roles.json"));
    }

    private static Map<String, String> passwords(byte[] content) throws IOException {
        var read = new Properties();
        read.load(new StringReader(new String(content, StandardCharsets.ISO_8859_1)));
        var passwords = new HashMap<String, String>();
        read.stringPropertyNames().forEach(user -> passwords.put(user, read.getProperty(user)));
        return Map.copyOf(passwords);
    }

    @Override
    public List<Setting<?>> getSettings() {
        return List.of(DATA);
    }

    @Override
    public Optional<SecureSettingsFactory> getSecureSettingFactory(Settings settings) {
        return Optional.of(new SecuredTransports(keyring.server("search")));
    }

    @Override
    public UnaryOperator<RestHandler> getRestHandlerWrapper(ThreadContext threadContext) {
        context = threadContext;
        return handler -> new RestHandler.Wrapper(handler) {
            @Override
            public void handleRequest(RestRequest request, RestChannel channel, NodeClient client) throws Exception {
                var refused = LoopbackDoor.refusal(request);
                var user = user(request.header("Authorization"));
                if (refused != null) {
                    channel.sendResponse(new BytesRestResponse(RestStatus.FORBIDDEN, refused));
                } else if (user == null) {
                    var answer = new BytesRestResponse(RestStatus.UNAUTHORIZED, "Unauthorized");
                    answer.addHeader("WWW-Authenticate", "Basic realm=\"millrace\"");
                    channel.sendResponse(answer);
                } else {
                    threadContext.putTransient(USER, user);
                    super.handleRequest(request, channel, client);
                }
            }
        };
    }

    /** Null for somebody whom nobody knows. */
    private String user(String authorization) {
        if (authorization == null || !authorization.startsWith(BASIC)) {
            return null;
        }
        try {
            var said = new String(Base64.getDecoder().decode(authorization.substring(BASIC.length()).strip()), StandardCharsets.UTF_8);
            int colon = said.indexOf(':');
            var password = colon < 0 ? null : passwords.now().get(said.substring(0, colon));
            return password != null && MessageDigest.isEqual(password.getBytes(StandardCharsets.UTF_8), said.substring(colon + 1).getBytes(StandardCharsets.UTF_8)) ? said.substring(0, colon) : null;
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    @Override
    public List<ActionFilter> getActionFilters() {
        return List.of(new Rights(this::caller, this::role));
    }

    private String caller() {
        return context == null ? null : context.getTransient(USER);
    }

    private Role role(String user) {
        return user.equals(Keyring.ADMIN) ? Role.EVERYTHING : roles.role(ROLE + user);
    }

    @Override
    public List<RestHandler> getRestHandlers(Settings settings, RestController controller, ClusterSettings clusterSettings, IndexScopedSettings indexSettings, SettingsFilter filter,
            IndexNameExpressionResolver resolver, Supplier<DiscoveryNodes> nodes) {
        return List.of(new RolesApi(roles, () -> Keyring.ADMIN.equals(caller())));
    }
}
