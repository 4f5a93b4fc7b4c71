package io.millrace.gate.security;

import io.quarkus.security.identity.SecurityIdentity;
import jakarta.enterprise.context.ApplicationScoped;

/** Who makes the call that is being answered. */
@ApplicationScoped
public class Caller {

    private final SecurityIdentity identity;

    Caller(SecurityIdentity identity) {
        this.identity = identity;
    }

    /**
     * For the audit.
     *
     * @param by what they call themselves, null where they do not
     */
    public String who(String by) {
        var name = identity.getPrincipal().getName();
        return by == null || by.isBlank() ? name : name + " (" + by + ")";
    }
}
