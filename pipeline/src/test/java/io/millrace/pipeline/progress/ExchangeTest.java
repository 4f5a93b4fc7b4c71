package io.millrace.pipeline.progress;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.millrace.pipeline.file.PipelineFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExchangeTest {

    @TempDir
    Path folder;

    private int hops(String relations) throws IOException {
        var file = Files.writeString(folder.resolve("p.yaml"), """
                millrace: 1
                name: monitors
                source: {name: demo, url: {env: U}, user: {env: V}, password: {env: W}}
                document:
                  root: public.monitor
                  fields: [id]
                """ + relations);
        return Exchange.hops(PipelineFiles.load(List.of(file)).getFirst().pipeline());
    }

    @Test
    void aRowTakesOneHopForItselfAndOneForEachArrayOnItsWay() throws IOException {
        assertEquals(1, hops(""));
        assertEquals(2, hops("  many: {steps: {table: public.step, join: {id: monitor_id}, fields: [id]}}\n"));
        assertEquals(3, hops("  many: {steps: {table: public.step, join: {id: monitor_id}, fields: [id], many: {notes: {table: public.note, join: {id: step_id}, fields: [id]}}}}\n"));
    }

    @Test
    void whatALinkLeadsToIsLookUpDataAndFollowsNoArray() throws IOException {
        var tags = "  many: {tags: {table: public.tag, through: {table: public.monitor_tag, join: {id: monitor_id}, to: {tag_id: id}}, fields: [id]%s}}\n";
        assertEquals(2, hops(tags.formatted("")));
        assertEquals(2, hops(tags.formatted(", many: {names: {table: public.tag_name, join: {id: tag_id}, fields: [id]}}")));
    }

    @Test
    void aLookUpRowThatGoesToSubscribersTakesTwo() throws IOException {
        assertEquals(2, hops("  one: {team: {table: public.team, join: {team_id: id}, fields: [name]}}\ntables: {public.team: {lookup: subscribe}}\n"));
    }
}
