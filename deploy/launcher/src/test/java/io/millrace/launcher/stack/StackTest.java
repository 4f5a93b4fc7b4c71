package io.millrace.launcher.stack;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.local.ServiceTraining;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StackTest {

    @TempDir
    Path folder;

    /** A fresh data folder has no copy of a build yet when the command is put together, and its first start is the one that people wait for. */
    @Test
    void theFirstStartOfAFreshDataFolderTakesTheCachesThatTheBuildMade() throws IOException {
        for (var stage : Stage.values()) {
            var jar = stage.jar(folder);
            Files.createDirectories(jar.getParent());
            Files.createFile(jar);
            Files.createFile(jar.resolveSibling(ServiceTraining.CACHE));
        }
        var stack = new Stack(StackOptions.of(folder, folder.resolve("data"), List.of(), null, 30000, Map.of()));
        for (var stage : Stage.values()) {
            var command = stack.stage(stage).spec().command();
            var cache = folder.resolve("data").resolve("run").resolve("applications").resolve(stage.stageName()).resolve(ServiceTraining.CACHE);
            assertTrue(command.contains("-XX:AOTCache=" + cache), () -> stage + " starts without its cache: " + command);
        }
    }
}
