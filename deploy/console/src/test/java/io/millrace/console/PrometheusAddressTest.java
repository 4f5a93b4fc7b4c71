package io.millrace.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PrometheusAddressTest {

    @Test
    void aPathMayStandInFrontAndALabelsValueMayHaveAnything() {
        var address = PrometheusAddress.of(URI.create("https://metrics.example:9090/prometheus/"), List.of("namespace=a=b", " cluster=\"x\""));
        assertEquals(URI.create("https://metrics.example:9090/prometheus/api/v1/query_range"), address.query());
        assertEquals(Map.of("namespace", "a=b", "cluster", "\"x\""), address.labels());
    }

    @ParameterizedTest
    @ValueSource(strings = {"prometheus:9090", "ftp://prometheus", "http:/prometheus", "//prometheus:9090", "http://ada:secret@prometheus", "http://prometheus?key=secret", "http://prometheus/#secret"})
    void whatIsNoAddressOfAServerIsRefusedAndNotQuoted(String url) {
        var said = assertThrows(IllegalStateException.class, () -> PrometheusAddress.of(URI.create(url), List.of())).getMessage();
        assertTrue(said.startsWith("millrace.console.prometheus-url is no address such as http://HOST:PORT"), said);
        assertFalse(said.contains("secret"), said);
    }

    @ParameterizedTest
    @ValueSource(strings = {"millrace", "=x", "name space=x", "pipeline=x", "__name__=x", "namespace="})
    void whatIsNoLabelOrOneOfTheQuestionsIsRefused(String label) {
        var said = assertThrows(IllegalStateException.class, () -> PrometheusAddress.of(URI.create("http://prometheus"), List.of(label))).getMessage();
        assertTrue(said.startsWith("millrace.console.prometheus-labels has "), said);
    }

    @Test
    void aLabelHasOneValue() {
        var said = assertThrows(IllegalStateException.class, () -> PrometheusAddress.of(URI.create("http://prometheus"), List.of("namespace=a", "namespace=b"))).getMessage();
        assertEquals("millrace.console.prometheus-labels has namespace twice", said);
    }
}
