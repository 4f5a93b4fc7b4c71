package io.millrace.check.compatibility;

import io.millrace.pipeline.file.Compatibility;
import java.util.List;
import org.apache.avro.Schema;

/** Says whether a new version of a schema meets a compatibility rule. */
public interface Judge extends AutoCloseable {

    /**
     * Why a version is refused.
     *
     * @param column the column that the difference is in; null where that is not known
     * @param reason what cannot be read by whom
     */
    record Objection(String column, String reason) {}

    /**
     * @param subject the registry's subject
     * @param rule the rule of the subject
     * @param versions the earlier versions, the oldest first; never empty
     * @param next the new version
     * @return nothing where it is allowed
     */
    List<Objection> judge(String subject, Compatibility rule, List<Schema> versions, Schema next);

    /** Who judges, for the report. */
    String describe();

    /** Lets go of what it holds. */
    @Override
    default void close() {
        // Who holds nothing has nothing to let go of.
    }
}
