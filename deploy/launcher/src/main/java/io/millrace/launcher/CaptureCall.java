package io.millrace.launcher;

import picocli.CommandLine.Mixin;

/** The capture that is meant. */
final class CaptureCall extends StageCall {

    @Mixin
    private DataFolder data;

    CaptureCall() {
        super("capture");
    }

    @Override
    DataFolder data() {
        return data;
    }
}
