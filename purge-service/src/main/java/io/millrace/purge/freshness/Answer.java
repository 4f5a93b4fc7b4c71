package io.millrace.purge.freshness;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;

/**
 * @param position the LSN that was asked for
 * @param fresh whether a search that begins now sees every change committed up to it
 * @param stage the first stage that has not got that far; null where fresh
 * @param reason what it waits for, and what to do where it will not come by itself; null where fresh
 * @param oldRows tables whose rows of before a migration hold old values, though every change is there; left out where there are none
 * @param setAside records in the pipeline's quarantine: documents, which no freshness brings into the index, and what was decided about them since
 * @param waitedMillis how long the caller was kept waiting
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record Answer(String pipeline, String position, boolean fresh, String stage, String reason, List<String> oldRows, long setAside, long waitedMillis) {}
