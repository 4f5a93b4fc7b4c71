package io.millrace.capture.row;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.record.Position;
import io.opentelemetry.api.trace.TracerProvider;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TracingTest {

    private static final TableName MONITOR = TableName.parse("public.monitor");
    private static final TableName TEAM = TableName.parse("public.team");
    private static final Position HERE = new Position(1, 1);

    @Test
    void aTableWithoutARateOfItsOwnHasTheOneOfCapture() {
        var tracing = new Tracing(TracerProvider.noop().get("test"), 0, Map.of(MONITOR, 1.0));
        for (int i = 0; i < 50; i++) {
            assertNotNull(tracing.header(null, MONITOR, HERE, 1));
            assertNull(tracing.header(null, TEAM, HERE, 1));
        }
    }

    @Test
    void theRowsOwnContextGoesBeforeEveryRate() {
        var tracing = new Tracing(TracerProvider.noop().get("test"), 0, Map.of(MONITOR, 0.0));
        assertNotNull(tracing.header("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", MONITOR, HERE, 1));
        var unsampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
        assertEquals(unsampled, new Tracing(TracerProvider.noop().get("test"), 1, Map.of()).header(unsampled, TEAM, HERE, 1));
    }
}
