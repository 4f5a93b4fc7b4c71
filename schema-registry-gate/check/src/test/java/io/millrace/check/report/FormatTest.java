package io.millrace.check.report;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import io.millrace.check.Finding;
import io.millrace.check.Finding.Cost;
import io.millrace.check.Finding.Impact;
import io.millrace.check.Level;
import io.millrace.check.Report;
import io.millrace.check.Report.Fate;
import io.millrace.check.Report.WaiverUse;
import io.millrace.check.Rule;
import io.millrace.check.Waiver;
import io.millrace.check.script.Statement;
import io.millrace.pipeline.file.TableName;
import java.io.StringReader;
import java.net.URI;
import java.time.Duration;
import java.time.LocalDate;
import java.util.List;
import javax.xml.XMLConstants;
import javax.xml.transform.stream.StreamSource;
import javax.xml.validation.SchemaFactory;
import org.junit.jupiter.api.Test;
import org.xml.sax.SAXException;

/** The formats for other programs, held against their schemas; where those are from stands beside them. */
class FormatTest {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Waiver WAIVER = new Waiver(Rule.COLUMN_DROPPED, LocalDate.of(2999, 1, 1), "nobody's \"page\" & <none>", "db/V2__a.sql", 3);

    /** Every kind of finding, and texts that have to be escaped. */
    private static final Report FULL = new Report(List.of(
            finding(Rule.COLUMN_DROPPED, Level.BREAKS, "db/V1__a.sql", "a < b && \"c\"\nnext\tline \u0001", null),
            finding(Rule.COLUMN_DROPPED, Level.BREAKS, "db/V2__a.sql", "waived", WAIVER),
            finding(Rule.TABLE_REWRITE, Level.WAL, "db/a file: 100% [new].sql", "costs", null),
            finding(Rule.TABLE_NEW, Level.FINE, "/abs/\u00fc.sql", "fine", null),
            new Finding(Rule.SLOT_DROPPED, Level.BREAKS, new Statement("db/V3__c.sql", 1, 1, "SELECT 1", null), null, null, "no table", List.of(), "leave it", null, null)),
            List.of(new WaiverUse(WAIVER, Fate.USED)), List.of("The registry was away: <none> & \"nothing\""), 4, 9, 3, "locally", Duration.ofMillis(1234));
    private static final Report EMPTY = new Report(List.of(), List.of(), List.of(), 1, 1, 1, "locally", Duration.ofMillis(5));

    private static Finding finding(Rule rule, Level level, String file, String message, Waiver waiver) {
        return new Finding(rule, level, new Statement(file, 3, 4, "ALTER TABLE a\n  DROP COLUMN b", null), new TableName("public", "a"), "b", message,
                List.of(new Impact("orders", "orders.yaml", 7, "document.fields[0]", "b", "becomes null")), "do it \"another\" way", new Cost(-1, 12), waiver);
    }

    private static String resource(String name) {
        return FormatTest.class.getResource("/formats/" + name).toString();
    }

    @Test
    void sarifFollowsItsSchemaAndNamesPlacesByReferences() throws Exception {
        for (var report : List.of(FULL, EMPTY)) {
            var sarif = JSON.readTree(Format.SARIF.write(report, Level.COORDINATION));
            assertEquals(List.of(), againstSchema(sarif));
            sarif.findValues("uri").forEach(uri -> assertDoesNotThrow(() -> new URI(uri.asText())));
        }
        var uris = JSON.readTree(Format.SARIF.write(FULL, Level.COORDINATION)).findValuesAsText("uri");
        assertEquals(List.of("db/V1__a.sql", "db/V2__a.sql", "db/a%20file%3A%20100%25%20%5Bnew%5D.sql", "/abs/%C3%BC.sql", "db/V3__c.sql"), uris);
    }

    @Test
    void theSchemaOfSarifRefusesWhatIsNoSarif() throws Exception {
        assertFalse(againstSchema(JSON.readTree(Format.SARIF.write(FULL, Level.COORDINATION).replace("\"startLine\"", "\"beginLine\""))).isEmpty());
    }

    private static List<String> againstSchema(JsonNode sarif) throws Exception {
        var schema = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_4).getSchema(JSON.readTree(FormatTest.class.getResource("/formats/sarif-2.1.0-rtm.5.json")));
        return schema.validate(sarif).stream().map(e -> e.getInstanceLocation() + " " + e.getMessage()).toList();
    }

    @Test
    void junitFollowsWhatJenkinsReads() throws Exception {
        for (var failOn : Level.values()) {
            assertXml(Format.JUNIT.write(FULL, failOn));
            assertXml(Format.JUNIT.write(EMPTY, failOn));
        }
        assertThrows(SAXException.class, () -> assertXml(Format.JUNIT.write(FULL, Level.BREAKS).replace("testcase", "test")));
    }

    private static void assertXml(String xml) throws Exception {
        var schema = SchemaFactory.newInstance(XMLConstants.W3C_XML_SCHEMA_NS_URI).newSchema(new StreamSource(resource("jenkins-junit.xsd")));
        schema.newValidator().validate(new StreamSource(new StringReader(xml)));
    }
}
