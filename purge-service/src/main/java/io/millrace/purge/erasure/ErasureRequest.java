package io.millrace.purge.erasure;

import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.Size;

/**
 * What a caller says beside the address.
 *
 * @param reason why the document must go, or why an erasure ends, for the audit; at most 2,000 characters
 */
public record ErasureRequest(@NotBlank(message = "must say why") @Size(max = 2_000, message = "may have at most 2,000 characters") String reason) {}
