package io.millrace.launcher;

import picocli.CommandLine.Mixin;

/** The purge service that is meant, and its answers. */
final class PurgeCall extends StageCall {

    @Mixin
    private DataFolder data;

    PurgeCall() {
        super("purge");
    }

    /** The purge service beside another stage. */
    PurgeCall(StageCall like, String url) {
        super("purge", like, url);
        data = like.data();
    }

    @Override
    DataFolder data() {
        return data;
    }
}
