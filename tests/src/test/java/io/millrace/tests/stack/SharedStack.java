package io.millrace.tests.stack;

import io.millrace.launcher.Output;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * Hands the one stack of this run to every suite that asks for it; starts it for the first and stops it after the last.
 *
 * <p>The services send their spans to the one {@link SpanReceiver}. A suite leaves everything running and the index in agreement with the database.
 */
public final class SharedStack implements ParameterResolver {

    /** The first of some fifteen ports; two checkouts test beside each other with {@code -Dmillrace.tests.ports}. */
    public static final int PORT_BASE = Integer.getInteger("millrace.tests.ports", 26_000);
    private static final int MONITORS = 800;

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return List.of(DemoStack.class, SpanReceiver.class).contains(parameter.getParameter().getType());
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        var start = context.getRoot().getStore(ExtensionContext.Namespace.create(SharedStack.class)).computeIfAbsent(Start.class, key -> start(), Start.class);
        return parameter.getParameter().getType() == SpanReceiver.class ? start.spans() : start.stack();
    }

    /** A start that failed is remembered: the next suite would wait as long for the same. Closed by JUnit after the last suite. */
    private record Start(DemoStack running, SpanReceiver spans, RuntimeException failure) implements AutoCloseable {

        DemoStack stack() {
            if (failure != null) {
                throw new IllegalStateException("The stack did not start: " + failure.getMessage(), failure);
            }
            return running;
        }

        @Override
        public void close() {
            if (running != null) {
                running.close();
            }
            spans.close();
        }
    }

    private static Start start() {
        var spans = SpanReceiver.start();
        try {
            return new Start(started(spans), spans, null);
        } catch (RuntimeException e) {
            return new Start(null, spans, e);
        }
    }

    private static DemoStack started(SpanReceiver spans) {
        var data = DemoStack.home().resolve("tests").resolve("target").resolve(DemoStack.SECURED ? "secured-stack" : "stack");
        new DemoStack(data, PORT_BASE, MONITORS, spans.address(), new Output(new PrintWriter(System.out, true, StandardCharsets.UTF_8))).close();
        delete(data);
        var stack = new DemoStack(data, PORT_BASE, MONITORS, spans.address(), new Output(new PrintWriter(System.out, true, StandardCharsets.UTF_8)));
        Trust.inServicesOf(stack);
        try {
            stack.start();
            return stack;
        } catch (RuntimeException e) {
            stack.close();
            throw e;
        }
    }

    private static void delete(Path folder) {
        if (!Files.exists(folder)) {
            return;
        }
        try (var files = Files.walk(folder)) {
            for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("Emptying " + folder + " failed; end what still writes into it", e);
        }
    }
}
