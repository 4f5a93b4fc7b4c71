package io.millrace.purge.freshness;

import com.fasterxml.jackson.annotation.JsonInclude;

/**
 * @param position the LSN that was asked for
 * @param fresh whether a search that begins now sees every change committed up to it
 * @param stage the first stage that has not got that far; null where fresh
 * @param reason what it waits for, and what to do where it will not come by itself; null where fresh
 * @param setAside documents in the pipeline's quarantine, which no freshness brings into the index
 * @param waitedMillis how long the caller was kept waiting
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Answer(String pipeline, String position, boolean fresh, String stage, String reason, long setAside, long waitedMillis) {}
