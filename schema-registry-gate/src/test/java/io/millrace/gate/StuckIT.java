package io.millrace.gate;

import static io.restassured.RestAssured.given;
import static org.hamcrest.Matchers.containsString;

import com.sun.jdi.Bootstrap;
import com.sun.jdi.VirtualMachine;
import com.sun.jdi.connect.AttachingConnector;
import io.millrace.local.Ports;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A thread of a running gate is stopped by a debugger, the others go on: liveness fails and names it. */
@ExtendWith(SharedGate.Extension.class)
class StuckIT {

    private final SharedGate gate;

    StuckIT(SharedGate gate) {
        this.gate = gate;
    }

    @ParameterizedTest
    @ValueSource(strings = "intake")
    void aStuckThreadFailsLivenessByItsName(String name) throws Exception {
        int port = Ports.free(1).getFirst();
        var watched = gate.stack().gate(5, Map.of("millrace.gate.sources", "stuck", "millrace.gate.group", "stuck", "millrace.gate.silence", "5s"),
                Map.of("JAVA_TOOL_OPTIONS", "-agentlib:jdwp=transport=dt_socket,server=y,suspend=n,address=localhost:" + port));
        watched.process().start();
        var debugger = attach(port);
        try {
            var thread = SharedGate.soon().until(() -> debugger.allThreads().stream().filter(t -> t.name().equals(name)).findFirst(), Optional::isPresent).orElseThrow();
            thread.suspend();
            SharedGate.soon().untilAsserted(() -> given().baseUri(watched.url()).get("/q/health/live").then().statusCode(503)
                    .body(containsString("\"" + name + "\": \"it has given no sign of life for longer than 5 s; it stands at ")));
            thread.resume();
            SharedGate.soon().untilAsserted(() -> given().baseUri(watched.url()).get("/q/health/live").then().statusCode(200));
        } finally {
            debugger.dispose();
            watched.process().stop();
        }
    }

    private static VirtualMachine attach(int port) throws Exception {
        AttachingConnector socket = Bootstrap.virtualMachineManager().attachingConnectors().stream().filter(c -> c.name().equals("com.sun.jdi.SocketAttach")).findFirst().orElseThrow();
        var arguments = socket.defaultArguments();
        arguments.get("hostname").setValue("localhost");
        arguments.get("port").setValue(Integer.toString(port));
        return socket.attach(arguments);
    }
}
