package io.millrace.capture.source;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.millrace.capture.source.Attributes.Attribute;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AttributesTest {

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            id name body           | id name body       | id name body
            id name body note      | id name body       | id name body
            id name content        | id name body       | id name content
            id name content body   | id name body       | id name content
            id body name           | id name body       | id body name
            id x name body         | id name body       | id x name
            id -2 name body        | id name body       | id name body
            id name -3             | id name body       | id name -3
            id name -3 note        | id name body note  | id name -3 note
            id name -3 content     | id name body       | id name ?
            id name -3 -4          | id name body       | id name ?
            id -2 -3 name          | id a body name     | id -2 -3 name
            id -2 name content -5  | id name body       | id name content
            id                     | id name            | ? ?
            """)
    void theColumnsOfAChangeAreFoundByTheirNumbers(String now, String then, String expected) {
        var all = Stream.of(now.strip().split(" +")).map(n -> new Attribute(n, n.startsWith("-"), "=")).toList();
        var found = new Attributes(1, false, all, "").of(List.of(then.strip().split(" +")));
        assertEquals(expected.strip(), found.stream().map(a -> a == null ? "?" : a.name()).collect(Collectors.joining(" ")));
    }
}
