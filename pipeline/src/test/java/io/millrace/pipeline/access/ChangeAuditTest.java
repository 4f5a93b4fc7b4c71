package io.millrace.pipeline.access;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChangeAuditTest {

    @TempDir
    Path folder;

    @Test
    void whoLooksOrIsNotLetInIsNoConcern() throws IOException {
        var audit = new ChangeAudit(() -> new BearerToken(Secret.inFile("token", Optional.of(folder.resolve("token")))));
        assertFalse(audit.concerns("Bearer secret", "POST"), "there is no token yet");
        Files.writeString(folder.resolve("token"), "secret");
        assertTrue(audit.concerns("Bearer secret", "POST") && audit.concerns("Bearer secret", "DELETE"));
        assertFalse(audit.concerns("Bearer secret", "GET"));
        assertFalse(audit.concerns("Bearer other", "POST"));
        assertFalse(audit.concerns(null, "DELETE"));
    }

    @Test
    void aLineSaysWhatWasAskedFromWhereAndWhatCameOfIt() {
        assertEquals("DELETE /pipelines/monitors/generations/monitors-000001 by token from 10.0.0.7: answered 204",
                ChangeAudit.line("DELETE", "/pipelines/monitors/generations/monitors-000001", Map.of(), "10.0.0.7", 204));
    }

    @Test
    void aConditionIsNotTold() {
        assertEquals("POST /resnapshots table=public.team where=… by token from ::1: answered 200",
                ChangeAudit.line("POST", "/resnapshots", Map.of("where", List.of("email = 'a@b.example'"), "table", List.of("public.team")), "::1", 200));
    }

    @Test
    void aCallerWritesNoLineOfItsOwn() {
        assertEquals("POST /recovery source=a?b by token from ::1: answered 404", ChangeAudit.line("POST", "/recovery", Map.of("source", List.of("a\nb")), "::1", 404));
    }
}
