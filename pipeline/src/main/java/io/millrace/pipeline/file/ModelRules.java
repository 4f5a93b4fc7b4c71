package io.millrace.pipeline.file;

import jakarta.validation.TraversableResolver;
import jakarta.validation.Validation;
import jakarta.validation.Validator;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotEmpty;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Pattern;
import jakarta.validation.constraints.PositiveOrZero;
import java.lang.annotation.ElementType;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.hibernate.validator.PredefinedScopeHibernateValidator;
import org.hibernate.validator.messageinterpolation.ParameterMessageInterpolator;

/**
 * The rules that stand as annotations on the model of a pipeline file, all read when this class is initialized: in a native
 * executable that is at its build, and nothing could be read later.
 */
final class ModelRules {

    /** Thread-safe; what it holds is never closed, for it holds nothing of the system. */
    static final Validator VALIDATOR = validator();

    private ModelRules() {}

    private static Validator validator() {
        var constraints = Stream.of(Max.class, Min.class, NotBlank.class, NotEmpty.class, NotNull.class, Pattern.class, PositiveOrZero.class);
        return Validation.byProvider(PredefinedScopeHibernateValidator.class)
                .providerResolver(() -> List.of(new PredefinedScopeHibernateValidator()))
                .configure()
                .builtinConstraints(constraints.map(Class::getName).collect(Collectors.toSet()))
                .initializeBeanMetaData(model(Pipeline.class, new HashSet<>()))
                .messageInterpolator(new ParameterMessageInterpolator(Set.of(Locale.ENGLISH), Locale.ENGLISH, true))
                .traversableResolver(new Everything())
                .ignoreXmlConfiguration()
                .buildValidatorFactory()
                .getValidator();
    }

    /** The class and what it is made of, as far as it is of this package. */
    private static Set<Class<?>> model(Type type, Set<Class<?>> found) {
        switch (type) {
            case ParameterizedType generic -> Stream.of(generic.getActualTypeArguments()).forEach(argument -> model(argument, found));
            case Class<?> known when known.getPackage() == ModelRules.class.getPackage() && found.add(known) -> {
                if (known.isRecord()) {
                    Stream.of(known.getRecordComponents()).forEach(component -> model(component.getGenericType(), found));
                }
                if (known.isSealed()) {
                    Stream.of(known.getPermittedSubclasses()).forEach(permitted -> model(permitted, found));
                }
            }
            default -> { }
        }
        return found;
    }

    /** Where Jakarta Persistence is present a validator asks it whether a property is loaded, and fails before it has started. */
    private static final class Everything implements TraversableResolver {

        @Override
        public boolean isReachable(Object object, jakarta.validation.Path.Node property, Class<?> root, jakarta.validation.Path path, ElementType type) {
            return true;
        }

        @Override
        public boolean isCascadable(Object object, jakarta.validation.Path.Node property, Class<?> root, jakarta.validation.Path path, ElementType type) {
            return true;
        }
    }
}
