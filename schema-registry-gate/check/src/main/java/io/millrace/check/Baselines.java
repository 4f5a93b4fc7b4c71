package io.millrace.check;

import io.millrace.check.catalog.LiveSchema;
import io.millrace.check.scratch.PostgresUrl;
import io.millrace.check.script.Migrations;
import io.millrace.pipeline.wording.Counted;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Finds the schema before the migrations: in a live database, in a folder of earlier migrations, in a dump. */
public final class Baselines {

    private Baselines() {}

    /**
     * @param text a Postgres URL, a folder, or a file
     * @throws CheckException when there is nothing that can be used
     */
    public static Baseline of(String text) {
        if (PostgresUrl.isOne(text)) {
            return LiveSchema.read(text);
        }
        var path = Path.of(text);
        if (!Files.exists(path)) {
            throw new CheckException("The baseline " + text + " does not exist; give a schema dump, a folder of earlier migrations or the URL of a database");
        }
        var migrations = Migrations.read(List.of(path), Map.of());
        return new Baseline(migrations, Map.of(), false, Files.isDirectory(path) ? "the " + Counted.of(migrations.size(), "migration") + " in " + path : "the dump " + path);
    }
}
