package io.millrace.launcher;

import java.io.IOException;
import java.util.Map;
import picocli.CommandLine.Mixin;

/** The capture that is meant. */
final class CaptureCall extends StageCall {

    @Mixin
    private DataFolder data;

    CaptureCall() {
        super("capture");
    }

    /** The capture beside another stage. */
    CaptureCall(StageCall like, String url) {
        super("capture", like, url);
        data = like.data();
    }

    /** About how many rows a table has. */
    long estimate(String source, String table) throws IOException, InterruptedException {
        return get("/resnapshots/estimate?source=" + encoded(source) + "&table=" + encoded(table)).path("estimate").asLong();
    }

    /** Has a table read again while the stream goes on; answers with how many rows it has, about. */
    long reread(String source, String table) throws IOException, InterruptedException {
        return post("/resnapshots?source=" + encoded(source) + "&table=" + encoded(table), Map.of()).path("estimate").asLong();
    }

    @Override
    DataFolder data() {
        return data;
    }
}
