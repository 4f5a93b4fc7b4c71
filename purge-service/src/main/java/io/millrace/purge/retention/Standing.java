package io.millrace.purge.retention;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.time.Instant;
import java.util.List;

/**
 * How a pipeline's retention stands, and what a run would do now. Nothing is done by asking for it.
 *
 * @param wanted the rules of the file
 * @param holding the rules that documents leave by, as of {@code heldAsOf}; null where nothing was ordered
 * @param asOf the time that a run would set now
 * @param impact what it would change
 * @param leaving the first ids of what would leave
 * @param returning the first ids of what would come back
 * @param held whether a person would have to confirm it
 * @param waiting the run that waits for a person; null where none does
 */
@RegisterForReflection
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Standing(String pipeline, List<String> wanted, List<String> holding, Instant heldAsOf, Instant asOf, Impact impact, List<String> leaving, List<String> returning, boolean held, Run waiting) {}
