package io.millrace.purge.retention;

import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.Size;

/** @param reason why so many documents may leave, for the audit; at most 2,000 characters */
public record Confirmation(@NotBlank(message = "must say why they may leave") @Size(max = 2_000, message = "may have at most 2,000 characters") String reason) {}
