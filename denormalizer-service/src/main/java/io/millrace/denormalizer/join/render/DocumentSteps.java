package io.millrace.denormalizer.join.render;

import io.millrace.pipeline.document.DocumentStep;
import io.millrace.values.json.JsonCanon;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;

/** The steps of a user's that a pipeline's documents go through, in the order of their class names. Immutable. */
public final class DocumentSteps {

    public static final DocumentSteps NONE = new DocumentSteps("", List.of());

    private final String pipeline;
    private final List<Step> steps;

    private DocumentSteps(String pipeline, List<Step> steps) {
        this.pipeline = pipeline;
        this.steps = steps;
    }

    /** @param name of the class that the user wrote, whatever the container put around it */
    private record Step(String name, DocumentStep step) {}

    /** Those among the steps that have to do with the pipeline. */
    public static DocumentSteps of(String pipeline, Iterable<? extends DocumentStep> all) {
        var steps = new java.util.ArrayList<Step>();
        for (var step : all) {
            if (step.appliesTo(pipeline)) {
                steps.add(new Step(name(step.getClass()), step));
            }
        }
        steps.sort(Comparator.comparing(Step::name));
        return new DocumentSteps(pipeline, List.copyOf(steps));
    }

    private static String name(Class<?> type) {
        return type.isSynthetic() || type.getSimpleName().contains("_ClientProxy") || type.getSimpleName().contains("_Subclass") ? name(type.getSuperclass()) : type.getName();
    }

    /** Empty without steps; else differs where the steps, or their versions, do. */
    public String fingerprint() {
        return steps.stream().map(s -> s.name + "@" + s.step.version()).collect(Collectors.joining("+"));
    }

    /**
     * @return null where a step dropped the document
     * @throws StepFailedException when a step throws, or returns what is no JSON object
     */
    byte[] apply(String id, byte[] document) {
        if (steps.isEmpty()) {
            return document;
        }
        var current = document;
        for (var step : steps) {
            current = apply(step, id, current);
            if (current == null) {
                return null;
            }
        }
        return current;
    }

    private byte[] apply(Step step, String id, byte[] document) {
        try {
            var given = new DocumentStep.Document(pipeline, id, new String(document, StandardCharsets.UTF_8));
            var result = step.step.apply(given);
            if (result == null || result.json() == given.json()) {
                return result == null ? null : document;
            }
            var json = JsonCanon.canonical(result.json());
            if (json[0] != '{') {
                throw new IllegalArgumentException("it returned JSON that is no object");
            }
            return json;
        } catch (Exception e) {
            throw new StepFailedException("the step " + step.name + " failed: " + e, e);
        }
    }

    /** Code of a user's failed on a document. */
    static final class StepFailedException extends RuntimeException {

        private static final long serialVersionUID = 1L;

        StepFailedException(String message, Exception cause) {
            super(message, cause);
        }
    }
}
