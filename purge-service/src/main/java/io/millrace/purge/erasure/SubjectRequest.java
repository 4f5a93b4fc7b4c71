package io.millrace.purge.erasure;

import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.Size;

/**
 * Who is to be erased.
 *
 * @param subject the name of a subject of the pipeline files
 * @param key the value of the subject's column, as text; it is kept nowhere
 * @param reason why, for the audit; at most 2,000 characters
 */
public record SubjectRequest(@NotBlank(message = "must name a subject of the pipeline files") String subject, @NotBlank(message = "must be the value of the subject's column") @Size(max = 512, message = "may have at most 512 characters") String key,
        @NotBlank(message = "must say why they are to be erased") @Size(max = 2_000, message = "may have at most 2,000 characters") String reason) {}
