package io.millrace.capture.row;

import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.file.Transform;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.apache.kafka.connect.source.SourceRecord;
import org.apache.kafka.connect.transforms.Transformation;

/** The single message transforms of one table, in the order of the pipeline file. */
public final class Transforms implements AutoCloseable {

    private record Step(Transform described, Transformation<SourceRecord> transformation) {}

    private final TableName table;
    private final List<Step> steps;

    private Transforms(TableName table, List<Step> steps) {
        this.table = table;
        this.steps = steps;
    }

    /**
     * Makes the transforms ready.
     *
     * @throws IllegalArgumentException when a class is not on the class path, is no transform, or refuses its options
     */
    public static Transforms of(TableName table, List<Transform> described) {
        var steps = new ArrayList<Step>(described.size());
        for (var transform : described) {
            steps.add(new Step(transform, instance(table, transform)));
        }
        return new Transforms(table, steps);
    }

    @SuppressWarnings("unchecked")
    private static Transformation<SourceRecord> instance(TableName table, Transform transform) {
        var what = "The transform " + transform.type() + " of the table " + table;
        try {
            var made = Class.forName(transform.type(), true, Thread.currentThread().getContextClassLoader()).getDeclaredConstructor().newInstance();
            if (!(made instanceof Transformation<?> transformation)) {
                throw new IllegalArgumentException(what + " is no org.apache.kafka.connect.transforms.Transformation; correct its type in the pipeline file");
            }
            transformation.configure(transform.options());
            return (Transformation<SourceRecord>) transformation;
        } catch (ClassNotFoundException e) {
            throw new IllegalArgumentException(what + " is not on capture's class path; correct its type in the pipeline file, or add its jar to the folder lib/main", e);
        } catch (ReflectiveOperationException e) {
            throw new IllegalArgumentException(what + " cannot be made (" + e + "); it needs a public constructor without arguments", e);
        } catch (org.apache.kafka.common.config.ConfigException | org.apache.kafka.connect.errors.ConnectException e) {
            throw new IllegalArgumentException(what + " refuses its options " + transform.options() + ": " + e.getMessage(), e);
        }
    }

    boolean isEmpty() {
        return steps.isEmpty();
    }

    /**
     * The record with its row transformed.
     *
     * @throws IllegalArgumentException when a transform fails, drops the record, or changes more than the row
     */
    SourceRecord apply(SourceRecord record) {
        var current = record;
        for (var step : steps) {
            SourceRecord next;
            try {
                next = step.transformation.apply(current);
            } catch (RuntimeException e) {
                // The cause's own words may hold the value, which is private.
                throw refused(step, "failed with a " + e.getClass().getSimpleName(), e);
            }
            if (next == null || next.value() == null) {
                throw refused(step, "dropped a row; capture passes every row on, so take it out of the pipeline file", null);
            }
            if (!Objects.equals(next.key(), record.key()) || !next.topic().equals(record.topic())) {
                throw refused(step, "changed the key or the topic; rows are known by their primary key, so take it out of the pipeline file", null);
            }
            current = next;
        }
        return current;
    }

    private IllegalArgumentException refused(Step step, String why, Throwable cause) {
        return new IllegalArgumentException("The transform " + step.described.type() + " of the table " + table + " " + why, cause);
    }

    @Override
    public void close() {
        steps.forEach(step -> step.transformation.close());
    }
}
