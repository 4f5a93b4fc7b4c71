package io.millrace.pipeline.form;

import io.millrace.pipeline.file.ColumnForm;
import io.millrace.pipeline.file.InvalidPipelineException;
import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.Problem;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** What pipeline files name without holding it: the login of the source, and keys of hashes. */
public final class References {

    private References() {}

    /**
     * Looks all of it up.
     *
     * @throws InvalidPipelineException with every reference of all files that leads nowhere, or to a key that is too short
     */
    public static void require(List<PipelineFile> files) {
        require(files, System::getenv);
    }

    /**
     * The same for services whose login to the source is set by whoever starts them.
     *
     * @param login where the variables of the source's login are looked up; gives null for one that is not set
     * @throws InvalidPipelineException with every reference of all files that leads nowhere, or to a key that is too short
     */
    public static void require(List<PipelineFile> files, Function<String, String> login) {
        var problems = new ArrayList<Problem>();
        for (var file : files) {
            var source = file.pipeline().source();
            look(file, "source.url", () -> source.url().resolve(login), problems);
            look(file, "source.user", () -> source.user().resolve(login), problems);
            look(file, "source.password", () -> source.password().resolve(login), problems);
            file.pipeline().tables().forEach((table, settings) -> settings.form().columns().forEach((column, form) -> {
                if (form instanceof ColumnForm.Hashed(var key)) {
                    look(file, "tables." + table + ".columns." + column + ".hmac", () -> KeyedHash.of(key), problems);
                }
            }));
        }
        if (!problems.isEmpty()) {
            throw new InvalidPipelineException(problems);
        }
    }

    private static void look(PipelineFile file, String at, Runnable look, List<Problem> problems) {
        try {
            look.run();
        } catch (IllegalStateException e) {
            problems.add(file.problem(at, e.getMessage()));
        }
    }
}
