package io.millrace.launcher.status;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.util.Map;
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
    void aTaskOfAWorkerThatHasFailedIsNamedWithItsCauseAndTheWayBack() throws IOException {
        assertEquals("task 0 of replica-public has failed: java.sql.SQLException: away. Start it again: POST /connectors/replica-public/restart?includeTasks=true", Probe.failed("""
                {"replica-public": {"status": {"connector": {"state": "RUNNING"}, "tasks": [{"id": 0, "state": "FAILED", "trace": "ConnectException: a\\n\\tat x\\nCaused by: java.sql.SQLException: away\\n\\tat y"}]}}}"""));
        assertEquals("", Probe.failed("""
                {"replica-public": {"status": {"connector": {"state": "RUNNING"}, "tasks": [{"id": 0, "state": "RUNNING"}]}}}"""));
    }

    @Test
    void whatIsWarnedOfIsToldOfChecksThatAreUp() throws IOException {
        assertEquals("This capture stands by", Probe.warnings("""
                {"status": "UP", "checks": [
                  {"name": "capture", "status": "UP", "data": {"phase": "standing by", "warning": "This capture stands by"}},
                  {"name": "kafka", "status": "UP"}]}"""));
    }

    @Test
    void aRateThatTheConsoleDoesNotKnowYetIsNoRate() throws IOException {
        assertEquals(Map.of("capture", 40.5, "join", 0.0), Probe.rates("""
                {"stages": [{"name": "capture", "rate": 40.5, "lag": 3.0}, {"name": "gate", "rate": null}, {"name": "join", "rate": 0.0}, {"name": "index"}]}"""));
    }
}
