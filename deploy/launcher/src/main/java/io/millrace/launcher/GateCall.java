package io.millrace.launcher;

import picocli.CommandLine.Mixin;

/** The gate that is meant, and its answers. */
final class GateCall extends StageCall {

    @Mixin
    private DataFolder data;

    GateCall() {
        super("gate");
    }

    @Override
    DataFolder data() {
        return data;
    }
}
