package io.millrace.gate.security;

import io.millrace.gate.GateConfig;
import io.millrace.pipeline.access.BearerToken;
import io.millrace.pipeline.access.Secret;
import io.quarkus.security.identity.IdentityProviderManager;
import io.quarkus.security.identity.SecurityIdentity;
import io.quarkus.security.identity.request.AuthenticationRequest;
import io.quarkus.security.runtime.QuarkusPrincipal;
import io.quarkus.security.runtime.QuarkusSecurityIdentity;
import io.quarkus.vertx.http.runtime.security.ChallengeData;
import io.quarkus.vertx.http.runtime.security.HttpAuthenticationMechanism;
import io.smallrye.mutiny.Uni;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Set;

/**
 * Knows the one bearer token that is configured by reference. A request with another token, or none, is left to the other
 * mechanisms (OIDC, where that is on).
 */
@ApplicationScoped
public class TokenMechanism implements HttpAuthenticationMechanism {

    private final BearerToken token;

    TokenMechanism(GateConfig config) {
        this.token = new BearerToken(Secret.of("millrace.gate.token", config.token().env(), config.token().file()));
    }

    @Override
    public Uni<SecurityIdentity> authenticate(RoutingContext context, IdentityProviderManager manager) {
        if (!token.isIn(context.request().getHeader(HttpHeaders.AUTHORIZATION))) {
            return Uni.createFrom().nullItem();
        }
        return Uni.createFrom().item(QuarkusSecurityIdentity.builder().setPrincipal(new QuarkusPrincipal("token")).addRoles(Set.of(Roles.OPERATOR, Roles.READER)).build());
    }

    @Override
    public Uni<ChallengeData> getChallenge(RoutingContext context) {
        return Uni.createFrom().item(new ChallengeData(401, "WWW-Authenticate", "Bearer"));
    }

    @Override
    public Set<Class<? extends AuthenticationRequest>> getCredentialTypes() {
        return Set.of();
    }

    /** Before OIDC, which has one more than the default and refuses what is no token of its own. */
    @Override
    public int getPriority() {
        return HttpAuthenticationMechanism.DEFAULT_PRIORITY + 2;
    }
}
