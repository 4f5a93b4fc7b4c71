package io.millrace.launcher;

import java.lang.reflect.AnnotatedElement;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.RunLast;

/** Runs the command that was typed, if every number in it is {@link Within} its bounds. */
public final class Bounds extends RunLast {

    @Override
    protected List<Object> handle(ParseResult typed) {
        for (var part = typed; part != null; part = part.subcommand()) {
            for (var argument : part.matchedArgs()) {
                require(part, argument);
            }
        }
        return super.handle(typed);
    }

    /** Null where the argument has none. */
    public static Within of(ArgSpec argument) {
        return argument.userObject() instanceof AnnotatedElement element ? element.getAnnotation(Within.class) : null;
    }

    private static void require(ParseResult part, ArgSpec argument) {
        var bounds = of(argument);
        if (bounds == null) {
            return;
        }
        if (argument.getValue() instanceof Collection<?> several) {
            several.forEach(one -> require(part, argument, bounds, one));
        } else {
            require(part, argument, bounds, argument.getValue());
        }
    }

    private static void require(ParseResult part, ArgSpec argument, Within bounds, Object typed) {
        double number = typed instanceof Duration duration ? duration.toMillis() / 1000.0 : ((Number) typed).doubleValue();
        if (!(number >= bounds.from() && number <= bounds.to())) {
            var name = argument instanceof OptionSpec option ? option.longestName() : argument.paramLabel();
            throw new ParameterException(part.commandSpec().commandLine(), name + " wants " + bounds.of()
                    + (bounds.to() == Double.MAX_VALUE ? ", " + plain(bounds.from()) + " or more" : " from " + plain(bounds.from()) + " to " + plain(bounds.to())) + ", not " + (typed instanceof Duration ? typed : plain(number)));
        }
    }

    private static String plain(double number) {
        return number == Math.rint(number) ? Long.toString((long) number) : Double.toString(number);
    }
}
