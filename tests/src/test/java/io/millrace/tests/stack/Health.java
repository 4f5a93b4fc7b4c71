package io.millrace.tests.stack;

import io.millrace.launcher.stack.Stage;
import io.restassured.RestAssured;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import org.awaitility.Awaitility;

/** What the services say about themselves. */
public final class Health {

    private final DemoStack stack;

    public Health(DemoStack stack) {
        this.stack = stack;
    }

    /** The answer of {@code /q/health/ready} with its status code before it. */
    public String ready(Stage stage) {
        var answer = RestAssured.given().baseUri(stack.address(stage).toString()).get("/q/health/ready");
        return answer.statusCode() + " " + answer.asString();
    }

    /** Returns when a stage can do its work. */
    public void awaitReady(Stage stage) {
        Awaitility.await(stage + " is ready").atMost(Duration.ofSeconds(120)).untilAsserted(() -> {
            var said = ready(stage);
            if (!said.startsWith("200")) {
                throw new AssertionError(stage + " says: " + said);
            }
        });
    }

    /** Returns when a stage says that it waits, and why: the reason contains one of these words. */
    public void awaitWaiting(Stage stage, String... words) {
        Awaitility.await(stage + " says that it waits for " + String.join(" or ", words)).atMost(Duration.ofSeconds(90)).untilAsserted(() -> {
            var said = ready(stage);
            if (!said.startsWith("503") || Arrays.stream(words).noneMatch(said.toLowerCase(Locale.ROOT)::contains)) {
                throw new AssertionError(stage + " says: " + said);
            }
        });
    }

    /** Whether the process lives and wants to go on living. */
    public boolean isLive(Stage stage) {
        return RestAssured.given().baseUri(stack.address(stage).toString()).get("/q/health/live").statusCode() == 200;
    }
}
