package io.millrace.tests.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.tests.stack.DemoStack;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a service says that it is made of is what stands on its class path. */
class SbomIT {

    @ParameterizedTest
    @ValueSource(strings = {"capture-service", "schema-registry-gate", "denormalizer-service", "search-indexer", "purge-service", "deploy/console"})
    void eachLibraryOfAServiceIsListedWithItsLicence(String module) throws IOException {
        var application = DemoStack.home().resolve(module).resolve("target/quarkus-app");
        assertListed(module, components(application.resolve("sbom.json"), component -> component.path("group").asText() + "."), libraries(application.resolve("lib")));
    }

    @Test
    void eachLibraryOfTheProvisionerIsListedWithItsLicence() throws IOException {
        var built = DemoStack.home().resolve("deploy/launcher/target");
        assertListed("deploy/launcher", components(built.resolve("sbom.json"), _ -> ""), libraries(built.resolve("lib")));
    }

    private static void assertListed(String module, Map<String, JsonNode> listed, List<String> libraries) {
        assertFalse(libraries.isEmpty(), module);
        assertEquals(List.of(), libraries.stream().filter(l -> !listed.containsKey(l)).toList(), "not in the SBOM of " + module);
        assertEquals(List.of(), libraries.stream().filter(l -> !l.startsWith("io.millrace.") && !l.startsWith("millrace-") && listed.get(l).path("licenses").isEmpty()).toList(), "without a licence in the SBOM of " + module);
    }

    /**
     * By the name that a library's file has.
     *
     * @param group what stands of the library's group in that name
     */
    private static Map<String, JsonNode> components(Path sbom, Function<JsonNode, String> group) throws IOException {
        var components = new HashMap<String, JsonNode>();
        for (var component : new ObjectMapper().readTree(sbom.toFile()).path("components")) {
            components.put(group.apply(component) + component.path("name").asText() + "-" + component.path("version").asText() + classifier(component) + ".jar", component);
        }
        return components;
    }

    private static String classifier(JsonNode component) {
        var purl = component.path("purl").asText();
        return Arrays.stream(purl.substring(purl.indexOf('?') + 1).split("&")).filter(p -> p.startsWith("classifier=")).findFirst()
                .map(p -> "-" + p.substring(p.indexOf('=') + 1)).orElse("");
    }

    private static List<String> libraries(Path folder) throws IOException {
        try (var walk = Files.walk(folder)) {
            return walk.map(f -> f.getFileName().toString()).filter(n -> n.endsWith(".jar")).sorted().toList();
        }
    }
}
