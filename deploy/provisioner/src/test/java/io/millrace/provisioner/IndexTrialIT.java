package io.millrace.provisioner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.millrace.pipeline.catalog.Catalog;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.http.HttpAccess;
import io.millrace.pipeline.http.Server;
import io.millrace.provisioner.search.IndexTrial;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What files say of their indexes, held against a real search engine. */
@Tag("long")
@ExtendWith(LocalPlaces.Resolver.class)
class IndexTrialIT {

    private static final Catalog CATALOG = new Catalog(Map.of(TableName.parse("public.article"), new Catalog.Table(TableName.parse("public.article"), false, List.of(new Catalog.Column("id", "bigint", false),
            new Catalog.Column("title", "text", true), new Catalog.Column("code", "uuid", true), new Catalog.Column("payload", "jsonb", true), new Catalog.Column("vector", "double precision[]", true)), List.of("id"), List.of()),
            TableName.parse("public.note"), new Catalog.Table(TableName.parse("public.note"), false, List.of(new Catalog.Column("id", "bigint", false), new Catalog.Column("article_id", "bigint", false), new Catalog.Column("text", "text", true)),
                    List.of("id"), List.of())));

    @TempDir
    Path folder;
    private static URI search;

    @BeforeAll
    static void startServers(LocalPlaces places) {
        search = URI.create(places.first().searchUrl());
    }

    private Check asked(String index) throws IOException {
        var file = Files.writeString(folder.resolve("articles.yaml"), """
                millrace: 1
                name: articles
                source: {name: demo, url: {env: U}, user: {env: U}, password: {env: U}}
                document:
                  root: public.article
                  fields: [id, title, code, payload, vector]
                  many:
                    notes: {table: public.note, join: {id: article_id}, fields: [id, text]}
                index:
                  name: articles
                """ + index.indent(2));
        var place = new HttpPlace(search, HttpAccess.of(Server.SEARCH, search, Map.of()));
        return new IndexTrial(place, PipelineFiles.load(List.of(file)), any -> CATALOG).check();
    }

    private String refusal(String index) throws IOException {
        var refused = assertInstanceOf(Check.Refused.class, asked(index));
        return String.join("\n", refused.problems()).replace(folder.toString() + "/", "").replace(search.toString(), "SEARCH");
    }

    private static String indexes() throws Exception {
        try (var http = HttpClient.newHttpClient()) {
            return http.send(HttpRequest.newBuilder(search.resolve("/_cat/indices/articles-trial-*?h=index&expand_wildcards=all")).build(), BodyHandlers.ofString()).body();
        }
    }

    @Test
    void whatAnEngineCanDoIsTakenAndNothingOfItStays() throws Exception {
        assertEquals(new Check.Done(), asked("""
                nested: [notes]
                mappings:
                  title: {type: text, analyzer: folded, copy_to: all_words, fields: {raw: {type: keyword, ignore_above: 256}, words: {type: text}}}
                  all_words: {type: text}
                  code: {type: keyword, ignore_above: 64, doc_values: false}
                  notes.text: {type: text, analyzer: folded}
                  payload: {type: object, dynamic: true, properties: {kind: {type: keyword}, at: {type: date, format: epoch_millis}}}
                templates:
                  - words: {path_match: "payload.*", match_mapping_type: string, mapping: {type: keyword, ignore_above: 64}}
                settings:
                  analysis: {analyzer: {folded: {type: custom, tokenizer: standard, filter: [lowercase, asciifolding]}}}
                  sort.field: id
                  max_result_window: 20000"""));
        assertEquals("", indexes());
    }

    @Test
    void eachMappingThatIsRefusedIsNamedByItsLineAndNothingStays() throws Exception {
        var refused = refusal("""
                mappings:
                  title:
                    type: text
                    analyzer: germn
                  code: {type: keyword}
                  vector: {type: knn_vectr, dimension: 3}""");
        assertEquals("""
                articles.yaml:14: index.mappings.title.analyzer: the search engine at SEARCH refuses an index of this (mapper_parsing_exception: Failed to parse mapping [_doc]: analyzer [germn] has not been configured in mappings); correct it in the file
                articles.yaml:16: index.mappings.vector.type: the search engine at SEARCH refuses an index of this (mapper_parsing_exception: Failed to parse mapping [_doc]: No handler for type [knn_vectr] declared on field [vector]); correct it in the file""", refused);
        assertEquals("", indexes());
    }

    /** The engine that runs here is one without it. */
    @Test
    void aFieldOfVectorsIsRefusedWithTheNameOfThePluginThatBringsIt() throws Exception {
        assertEquals("articles.yaml:12: index.mappings.vector.type: the search engine at SEARCH refuses an index of this (mapper_parsing_exception: Failed to parse mapping [_doc]: No handler for type [knn_vector] declared on field [vector]);"
                + " knn_vector comes with the plugin opensearch-knn, which this search engine lacks: install that on each of its nodes, or correct the file", refusal("mappings:\n  vector: {type: knn_vector, dimension: 3}"));
        var ofSetting = refusal("settings: {index.knn: true}\nmappings:\n  vector: {type: knn_vector, dimension: 3}");
        assertTrue(ofSetting.startsWith("articles.yaml:11: index.settings.index.knn: ") && ofSetting.endsWith("index.knn comes with the plugin opensearch-knn, which this search engine lacks: install that on each of its nodes, or correct the file"), ofSetting);
        assertEquals("", indexes());
    }

    private static void call(String method, String path, String body) throws Exception {
        try (var http = HttpClient.newHttpClient()) {
            var answer = http.send(HttpRequest.newBuilder(search.resolve(path)).header("Content-Type", "application/json").method(method, HttpRequest.BodyPublishers.ofString(body)).build(), BodyHandlers.ofString());
            assertEquals(200, answer.statusCode(), answer::body);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"cluster.blocks.create_index | true", "cluster.max_shards_per_node | 1"})
    void aClusterThatMakesNoIndexIsNoFaultOfTheFile(String setting, String value) throws Exception {
        call("PUT", "/some-index", "{}");
        call("PUT", "/_cluster/settings", "{\"transient\":{\"" + setting + "\":" + value + "}}");
        try {
            var advised = assertInstanceOf(Check.Advised.class, asked("mappings: {code: {type: keyword}}"));
            assertTrue(advised.advice().getFirst().contains("it makes no index to try them"), advised::toString);
        } finally {
            call("PUT", "/_cluster/settings", "{\"transient\":{\"" + setting + "\":null}}");
            call("DELETE", "/some-index", "");
        }
    }

    @Test
    void whatARunHasLeftIsDeletedAndWhatIsSomebodyElsesIsNot() throws Exception {
        call("PUT", "/articles-trial-left", "{\"mappings\":{\"_meta\":{\"made_by\":\"millrace\",\"trial\":1}}}");
        call("PUT", "/articles-trial-other", "{}");
        assertEquals(new Check.Done(), asked("mappings: {code: {type: keyword}}"));
        assertEquals("articles-trial-other", indexes().strip());
        call("DELETE", "/articles-trial-other", "");
    }

    @Test
    void aTemplateThatIsRefusedIsNamed() throws Exception {
        var refused = refusal("templates:\n  - words: {matches: '*', mapping: {type: keyword}}");
        assertTrue(refused.startsWith("articles.yaml:12: index.templates: the search engine at SEARCH refuses an index of this (mapper_parsing_exception: "), refused);
    }

    @Test
    void aSettingThatIsRefusedIsNamedByItsLine() throws Exception {
        assertEquals(1, refusal("settings:\n  codec: best_compression\n  max_result_windw: 5").lines().filter(line -> line.startsWith("articles.yaml:13: index.settings.max_result_windw: ")).count());
        var analyzer = refusal("settings:\n  analysis:\n    analyzer:\n      folded: {type: custom, tokenizer: standrd}");
        assertEquals("articles.yaml:14: index.settings.analysis.analyzer.folded", analyzer.substring(0, analyzer.indexOf(": the search")).replaceAll("\\.(tokenizer|type)$", ""));
        assertFalse(analyzer.contains("check that this is the search engine"));
    }
}
