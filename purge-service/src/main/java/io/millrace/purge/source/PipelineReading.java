package io.millrace.purge.source;

import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.PipelineFiles;
import jakarta.validation.Path.Node;
import jakarta.validation.TraversableResolver;
import jakarta.validation.Validation;
import java.nio.file.Path;
import java.util.List;
import org.hibernate.validator.messageinterpolation.ParameterMessageInterpolator;

/** Reads pipeline files where Jakarta Persistence is present and not yet started. */
final class PipelineReading {

    private PipelineReading() {}

    /** @throws io.millrace.pipeline.file.InvalidPipelineException with everything that is wrong with them */
    static List<PipelineFile> load(List<Path> paths) {
        try (var factory = Validation.byDefaultProvider().configure().messageInterpolator(new ParameterMessageInterpolator()).traversableResolver(new Everything()).buildValidatorFactory()) {
            return PipelineFiles.load(paths, factory.getValidator());
        }
    }

    /** By default the validator asks Persistence whether a property is loaded, and fails while that has not started. */
    private static final class Everything implements TraversableResolver {

        @Override
        public boolean isReachable(Object object, Node property, Class<?> root, jakarta.validation.Path path, java.lang.annotation.ElementType type) {
            return true;
        }

        @Override
        public boolean isCascadable(Object object, Node property, Class<?> root, jakarta.validation.Path path, java.lang.annotation.ElementType type) {
            return true;
        }
    }
}
