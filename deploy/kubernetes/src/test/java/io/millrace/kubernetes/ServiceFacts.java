package io.millrace.kubernetes;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.classfile.Annotation;
import java.lang.classfile.AnnotationValue;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.MethodModel;
import java.lang.reflect.AccessFlag;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;

/**
 * What a built service says about itself.
 *
 * @param name as in its manifests
 * @param properties its application.properties
 * @param keys every key of its own with the default; null where it has none and must be given, empty where it is optional
 */
record ServiceFacts(String name, Properties properties, Map<String, String> keys) {

    private static final Map<String, String> MAPPINGS = Map.of(
            "capture-service", "io/millrace/capture/service/CaptureConfig",
            "schema-registry-gate", "io/millrace/gate/GateConfig",
            "denormalizer-service", "io/millrace/denormalizer/DenormalizerConfig",
            "search-indexer", "io/millrace/indexer/IndexerConfig",
            "purge-service", "io/millrace/purge/PurgeConfig",
            "console", "io/millrace/console/ConsoleConfig");

    /** All of them, by name, from the class path. */
    static Map<String, ServiceFacts> read() {
        var facts = new LinkedHashMap<String, ServiceFacts>();
        try {
            for (var url : java.util.Collections.list(ServiceFacts.class.getClassLoader().getResources("application.properties"))) {
                var properties = new Properties();
                try (var in = url.openStream()) {
                    properties.load(in);
                }
                var name = properties.getProperty("quarkus.kubernetes.name");
                facts.put(name, new ServiceFacts(name, properties, keys(MAPPINGS.get(name))));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        if (!facts.keySet().equals(MAPPINGS.keySet())) {
            throw new IllegalStateException("Of the services " + MAPPINGS.keySet() + " only " + facts.keySet() + " are on the class path");
        }
        return facts;
    }

    int port() {
        return Integer.parseInt(properties.getProperty("quarkus.http.port"));
    }

    /** The default of a key of its own, or what application.properties says for any other. */
    String value(String key) {
        return keys.containsKey(key) ? keys.get(key) : properties.getProperty(key);
    }

    /** As an environment variable sets it. */
    static String variable(String key) {
        return key.toUpperCase(java.util.Locale.ROOT).replaceAll("[^A-Z0-9]", "_");
    }

    /** The interface is read and not loaded, because its types belong to class paths that do not fit together. */
    private static Map<String, String> keys(String type) throws IOException {
        var model = parse(type);
        var prefix = annotation(model.findAttribute(Attributes.runtimeVisibleAnnotations()).orElseThrow().annotations(), "io/smallrye/config/ConfigMapping");
        var keys = new TreeMap<String, String>();
        collect(model, text(prefix, "prefix"), keys);
        return keys;
    }

    private static void collect(ClassModel model, String prefix, Map<String, String> keys) throws IOException {
        for (var method : model.methods()) {
            if (!method.flags().has(AccessFlag.ABSTRACT)) {
                continue;
            }
            var key = prefix + "." + kebab(method.methodName().stringValue());
            var returned = method.methodTypeSymbol().returnType();
            var group = returned.descriptorString();
            if (group.startsWith("L" + model.thisClass().asInternalName().replaceAll("\\$.*", "") + "$")) {
                collect(parse(group.substring(1, group.length() - 1)), key, keys);
            } else {
                keys.put(key, group.equals("Ljava/util/Optional;") ? "" : standard(method));
            }
        }
    }

    private static String standard(MethodModel method) {
        var annotations = method.findAttribute(Attributes.runtimeVisibleAnnotations()).map(a -> a.annotations()).orElse(List.of());
        var found = annotation(annotations, "io/smallrye/config/WithDefault");
        return found == null ? null : text(found, "value");
    }

    private static Annotation annotation(List<Annotation> annotations, String type) {
        return annotations.stream().filter(a -> a.className().stringValue().equals("L" + type + ";")).findFirst().orElse(null);
    }

    private static String text(Annotation annotation, String element) {
        for (var e : new ArrayList<>(annotation.elements())) {
            if (e.name().stringValue().equals(element) && e.value() instanceof AnnotationValue.OfString text) {
                return text.stringValue();
            }
        }
        throw new IllegalStateException(annotation + " has no " + element);
    }

    private static ClassModel parse(String type) throws IOException {
        try (var in = ServiceFacts.class.getClassLoader().getResourceAsStream(type + ".class")) {
            if (in == null) {
                throw new IllegalStateException("The class " + type + " is not on the class path; was it renamed?");
            }
            return ClassFile.of().parse(in.readAllBytes());
        }
    }

    private static String kebab(String name) {
        return name.replaceAll("([a-z0-9])([A-Z])", "$1-$2").toLowerCase(java.util.Locale.ROOT);
    }
}
