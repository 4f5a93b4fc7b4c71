package io.millrace.launcher;

import picocli.CommandLine.Mixin;

/** The purge service that is meant, and its answers. */
final class PurgeCall extends StageCall {

    @Mixin
    private DataFolder data;

    PurgeCall() {
        super("purge");
    }

    @Override
    DataFolder data() {
        return data;
    }
}
