package io.millrace.launcher;

import picocli.CommandLine.Mixin;

/** The indexer that is meant, and its answers. */
final class IndexerCall extends StageCall {

    @Mixin
    private DataFolder data;

    IndexerCall() {
        super("indexer");
    }

    @Override
    DataFolder data() {
        return data;
    }
}
