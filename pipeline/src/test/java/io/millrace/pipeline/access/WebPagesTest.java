package io.millrace.pipeline.access;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WebPagesTest {

    private final WebPages pages = new WebPages(List.of("Console.shop.example"));

    @ParameterizedTest
    @CsvSource(delimiter = '|', nullValues = "-", value = {
            "-                                | -                             | true",
            "localhost:18106                  | -                             | true",
            "127.0.0.1:18106                  | http://127.0.0.1:18106        | true",
            "[::1]:18106                      | http://[::1]:18106            | true",
            "10.1.2.3:8080                    | -                             | true",
            "gate:18102                       | -                             | true",
            "gate.millrace.svc:18102          | -                             | true",
            "gate.millrace.svc.cluster.local. | -                             | true",
            "console.shop.example             | https://console.shop.example  | true",
            "CONSOLE.shop.example:443         | -                             | true",
            "evil.example:18106               | http://evil.example:18106     | false",
            "evil.example                     | -                             | false",
            "127.0.0.1.evil.example           | -                             | false",
            "localhost.evil.example:18106     | -                             | false",
            "evil.example.:18106              | -                             | false",
            "''                               | -                             | false",
            "localhost:18106                  | https://evil.example          | false",
            "localhost:18106                  | http://localhost:3000         | false",
            "localhost:18106                  | http://localhost:18106.evil.example | false",
            "localhost:18106                  | null                          | false",
            "localhost:18106                  | file://                       | false"})
    void onlyThoseWhoKnowTheWayAreAnswered(String host, String origin, boolean answered) {
        assertEquals(answered, pages.refusal(host, origin == null ? List.of() : List.of(origin)) == null);
    }
}
