package io.millrace.indexer.bulk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;

import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.api.Test;

class VerdictTest {

    private static Verdict of(String item) throws Exception {
        return Verdict.of(new ObjectMapper().readTree(item));
    }

    private static Verdict error(int status, String type) throws Exception {
        return of("{\"status\":" + status + ",\"error\":{\"type\":\"" + type + "\",\"reason\":\"r\",\"caused_by\":{\"type\":\"t\",\"reason\":\"deeper\"}}}");
    }

    @Test
    void everyAnswerHasItsPlace() throws Exception {
        assertSame(Verdict.APPLIED, of("{\"status\":200}"));
        assertSame(Verdict.APPLIED, of("{\"status\":201}"));
        assertSame(Verdict.APPLIED, of("{\"status\":404}"), "a delete of what is not there");
        assertSame(Verdict.SUPERSEDED, error(409, "version_conflict_engine_exception"));
        assertInstanceOf(Verdict.IndexGone.class, error(404, "index_not_found_exception"));
        assertInstanceOf(Verdict.IndexGone.class, error(400, "invalid_index_name_exception"), "a delete by an alias that is gone");
        assertInstanceOf(Verdict.Later.class, error(429, "rejected_execution_exception"));
        assertEquals(new Verdict.Later("HTTP 503 unavailable_shards_exception: r; deeper; a shard of the index takes no write now: ask why by GET /_cluster/allocation/explain"), error(503, "unavailable_shards_exception"));
        assertInstanceOf(Verdict.Later.class, error(404, "shard_not_found_exception"), "of a shard that moves, and not of an index that is gone");
        assertInstanceOf(Verdict.Later.class, error(404, "index_shard_closed_exception"));
        assertInstanceOf(Verdict.Later.class, error(500, "node_not_connected_exception"), "of a node, and not of a document");
        assertInstanceOf(Verdict.Later.class, error(403, "cluster_block_exception"));
        assertInstanceOf(Verdict.Unmapped.class, error(400, "strict_dynamic_mapping_exception"));
        assertInstanceOf(Verdict.Failed.class, error(500, "null_pointer_exception"));
        assertInstanceOf(Verdict.Later.class, error(400, "index_closed_exception"));
        assertInstanceOf(Verdict.Later.class, error(403, "security_exception"));
        assertInstanceOf(Verdict.Doubtful.class, error(400, "illegal_argument_exception"));
        assertEquals(new Verdict.Refused("HTTP 400 mapper_parsing_exception: r; deeper"), error(400, "mapper_parsing_exception"));
    }

    @Test
    void aShardIsNamedAndTheDocumentInTheRequestIsNot() throws Exception {
        var said = of("{\"status\":503,\"error\":{\"type\":\"unavailable_shards_exception\",\"reason\":\"[parts-000001][2] primary shard is not active Timeout: [1s], request: [BulkShardRequest [[parts-000001][2]] containing [index {[parts-000001][7], source[{\\\"name\\\":\\\"secret\\\"}]}]]\"}}");
        assertEquals(new Verdict.Later("HTTP 503 unavailable_shards_exception: [parts-000001][2] primary shard is not active Timeout: [1s]; shard 2 of the index parts-000001 takes no write now: ask why by GET /_cluster/allocation/explain"), said);
        assertEquals(new Verdict.Failed("HTTP 500 i_o_exception: no space left; it came from shard 1 of the index parts-000001"),
                of("{\"status\":500,\"error\":{\"type\":\"i_o_exception\",\"reason\":\"no space left\",\"index\":\"parts-000001\",\"shard\":\"1\"}}"));
    }

    @Test
    void whatEverybodyMayReadNamesTheShardThatFails() {
        assertEquals("HTTP 500 i_o_exception from shard 1 of the index parts-000001 (what the engine says of the value stands with the document in quarantine)",
                Verdict.withoutValues("HTTP 500 i_o_exception: no space left; it came from shard 1 of the index parts-000001"));
    }

    @Test
    void aDateThatIsNotTakenSaysWhichFormatIs() throws Exception {
        var said = (Verdict.Refused) of("""
                {"status":400,"error":{"type":"mapper_parsing_exception","reason":"failed to parse field [born] of type [date] in document with id '1'. Preview of field's value: 'se]cret'",
                 "caused_by":{"type":"illegal_argument_exception","reason":"failed to parse date field [se]cret] with format [strict_date]"}}}""");
        assertEquals("HTTP 400 mapper_parsing_exception at the field [born] of type [date], which takes dates of the format [strict_date] (what the engine says of the value stands with the document in quarantine)", Verdict.withoutValues(said.reason()));
        assertEquals("; write dates of the format [strict_date] at the source, or give the field one that takes them (format, or ignore_malformed, of the field under index.mappings) and have the index built anew (./millrace rebuild)",
                said.reason().substring(said.reason().indexOf("; write")));
    }

    @Test
    void whatEverybodyMayReadOfAReasonNamesTheFieldAndNotTheValue() {
        assertEquals("HTTP 400 mapper_parsing_exception at the field [born] of type [date] (what the engine says of the value stands with the document in quarantine)",
                Verdict.withoutValues("HTTP 400 mapper_parsing_exception: failed to parse field [born] of type [date] in document with id '1'. Preview of field's value: 'secret'; failed to parse date field [secret]"));
        assertEquals("HTTP 400 illegal_argument_exception at the field=\"bio\" (what the engine says of the value stands with the document in quarantine)",
                Verdict.withoutValues("HTTP 400 illegal_argument_exception: Document contains at least one immense term in field=\"bio\", prefix of the first immense term is: '[115, 101]'"));
        assertEquals("HTTP 500 script_exception (what the engine says of the value stands with the document in quarantine)", Verdict.withoutValues("HTTP 500 script_exception: secret"));
        assertEquals("the search engine does not answer", Verdict.withoutValues("the search engine does not answer"));
    }
}
