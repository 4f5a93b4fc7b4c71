package io.millrace.tests.stack;

import io.millrace.launcher.stack.Stage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.jboss.jandex.AnnotationInstance;
import org.jboss.jandex.AnnotationTarget;
import org.jboss.jandex.DotName;
import org.jboss.jandex.Index;
import org.jboss.jandex.Indexer;
import org.jboss.jandex.MethodInfo;

/** What a service answers to, as the classes of its build say it. */
public final class Endpoints {

    private static final DotName PATH = DotName.createSimple("jakarta.ws.rs.Path");
    private static final List<String> METHODS = List.of("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS");
    /** Other ways to answer a call, which this class does not read. */
    private static final List<String> UNREAD = List.of("io.vertx.ext.web.Router", "io.quarkus.vertx.web.Route", "io.quarkus.websockets.next.WebSocket", "jakarta.websocket.server.ServerEndpoint",
            "jakarta.servlet.http.HttpServlet", "jakarta.ws.rs.HttpMethod");

    private Endpoints() {}

    /** @param path with its parameters in braces */
    public record Endpoint(Stage service, String method, String path) implements Comparable<Endpoint> {

        @Override
        public int compareTo(Endpoint other) {
            return toString().compareTo(other.toString());
        }

        @Override
        public String toString() {
            return service + " " + method + " " + path;
        }
    }

    /** @throws IllegalStateException where the service answers in a way that is not read here */
    public static Set<Endpoint> of(Stage service) throws IOException {
        var index = index(DemoStack.home().resolve(service.module()).resolve("target").resolve("quarkus-app"));
        for (var unread : UNREAD) {
            var users = index.getKnownUsers(DotName.createSimple(unread));
            if (!users.isEmpty()) {
                throw new IllegalStateException(service + " answers calls by " + unread + " in " + users + "; teach this class to read that");
            }
        }
        var endpoints = new TreeSet<Endpoint>();
        for (var method : METHODS) {
            for (var annotation : index.getAnnotations(DotName.createSimple("jakarta.ws.rs." + method))) {
                var target = annotation.target().asMethod();
                endpoints.add(new Endpoint(service, method, path(target)));
            }
        }
        refuseLocators(index, service);
        return endpoints;
    }

    private static Index index(Path application) throws IOException {
        var indexer = new Indexer();
        for (var jar : jars(application)) {
            try (var opened = new JarFile(jar.toFile())) {
                for (var entry : opened.stream().filter(e -> e.getName().endsWith(".class")).toList()) {
                    try (var in = opened.getInputStream(entry)) {
                        indexer.index(in);
                    }
                }
            }
        }
        return indexer.complete();
    }

    /** The service's own jar and those of other modules that it carries. */
    private static List<Path> jars(Path application) throws IOException {
        var jars = new ArrayList<Path>();
        try (Stream<Path> own = Files.list(application.resolve("app")); Stream<Path> carried = Files.list(application.resolve("lib").resolve("main"))) {
            Stream.concat(own, carried.filter(f -> f.getFileName().toString().startsWith("io.millrace."))).filter(f -> f.toString().endsWith(".jar")).forEach(jars::add);
        }
        if (jars.isEmpty()) {
            throw new IllegalStateException(application + " has no jar of the service; build it");
        }
        return jars;
    }

    private static void refuseLocators(Index index, Stage service) {
        for (var annotation : index.getAnnotations(PATH)) {
            var target = annotation.target();
            if (target.kind() == AnnotationTarget.Kind.METHOD && METHODS.stream().noneMatch(m -> target.asMethod().hasAnnotation(DotName.createSimple("jakarta.ws.rs." + m)))) {
                throw new IllegalStateException(service + " has a locator of further resources, " + target + "; teach this class to read that");
            }
        }
    }

    private static String path(MethodInfo method) {
        var ofClass = method.declaringClass().declaredAnnotation(PATH);
        if (ofClass == null) {
            throw new IllegalStateException(method + " answers calls, and its class " + method.declaringClass() + " has no path");
        }
        var joined = "/" + value(ofClass) + "/" + value(method.annotation(PATH));
        return joined.replaceAll("/+", "/").replaceAll("(?<=.)/$", "");
    }

    private static String value(AnnotationInstance path) {
        return path == null ? "" : path.value().asString();
    }
}
