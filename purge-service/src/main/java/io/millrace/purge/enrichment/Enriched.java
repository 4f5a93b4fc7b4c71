package io.millrace.purge.enrichment;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonRawValue;
import io.quarkus.runtime.annotations.RegisterForReflection;
import org.eclipse.microprofile.openapi.annotations.enums.SchemaType;
import org.eclipse.microprofile.openapi.annotations.media.Schema;

/**
 * What was added to a document.
 *
 * @param document its id
 * @param enrichment the object as JSON; empty where nothing is left of it
 * @param position where the source's log ended after the change, by which freshness is asked for; null where nothing was asked to change
 */
@RegisterForReflection
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Enriched(String pipeline, String document, @JsonRawValue @Schema(type = SchemaType.OBJECT) String enrichment, String position) {}
