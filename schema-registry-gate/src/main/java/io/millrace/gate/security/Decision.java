package io.millrace.gate.security;

import io.quarkus.runtime.annotations.RegisterForReflection;
import jakarta.validation.constraints.NotBlank;

/**
 * Why a person does something; kept in the audit.
 *
 * @param reason in their words
 * @param by who they are, where the token does not say; may be left out
 */
@RegisterForReflection
public record Decision(@NotBlank String reason, String by) {}
