package io.millrace.launcher;

import picocli.CommandLine.Mixin;

/** The console that is meant, and its answers. */
final class ConsoleCall extends StageCall {

    @Mixin
    private DataFolder data;

    ConsoleCall() {
        super("console");
    }

    @Override
    DataFolder data() {
        return data;
    }
}
