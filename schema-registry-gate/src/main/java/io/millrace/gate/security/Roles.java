package io.millrace.gate.security;

import io.millrace.gate.GateConfig;
import io.quarkus.security.identity.AuthenticationRequestContext;
import io.quarkus.security.identity.SecurityIdentity;
import io.quarkus.security.identity.SecurityIdentityAugmentor;
import io.quarkus.security.runtime.QuarkusSecurityIdentity;
import io.smallrye.mutiny.Uni;
import jakarta.enterprise.context.ApplicationScoped;

/**
 * What a caller has to be. Each method that answers a call names its role, and one that names none answers nobody: a
 * permission by path would judge the path as it was sent, which is not the path by which the method is found.
 */
@ApplicationScoped
public class Roles implements SecurityIdentityAugmentor {

    /** May change things, and run SQL in a check; the token has it, an OIDC user needs it as a role. */
    public static final String OPERATOR = "millrace-operator";
    /** May look: the token, an OIDC user who has it as a role, every operator, and everybody where {@link GateConfig#reads} is {@code permit}. */
    public static final String READER = "millrace-reader";

    private final boolean everybodyReads;

    Roles(GateConfig config) {
        this.everybodyReads = config.reads().equals("permit");
    }

    @Override
    public Uni<SecurityIdentity> augment(SecurityIdentity caller, AuthenticationRequestContext context) {
        return Uni.createFrom().item(everybodyReads || caller.hasRole(OPERATOR) ? QuarkusSecurityIdentity.builder(caller).addRole(READER).build() : caller);
    }
}
