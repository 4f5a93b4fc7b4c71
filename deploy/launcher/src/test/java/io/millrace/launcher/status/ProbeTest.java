package io.millrace.launcher.status;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import org.junit.jupiter.api.Test;

class ProbeTest {

    @Test
    void theReasonsAreThoseOfTheChecksThatAreNotUp() throws IOException {
        assertEquals("registry: localhost:1 refused the connection, since=3 s; kafka", Probe.reasons("""
                {"status": "DOWN", "checks": [
                  {"name": "search", "status": "UP", "data": {"reason": "unused"}},
                  {"name": "registry", "status": "DOWN", "data": {"reason": "localhost:1 refused the connection", "since": "3 s"}},
                  {"name": "kafka", "status": "DOWN"}]}"""));
    }

    @Test
    void whatIsWarnedOfIsToldOfChecksThatAreUp() throws IOException {
        assertEquals("This capture stands by", Probe.warnings("""
                {"status": "UP", "checks": [
                  {"name": "capture", "status": "UP", "data": {"phase": "standing by", "warning": "This capture stands by"}},
                  {"name": "kafka", "status": "UP"}]}"""));
    }
}
