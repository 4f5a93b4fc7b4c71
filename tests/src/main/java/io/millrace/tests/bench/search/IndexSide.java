package io.millrace.tests.bench.search;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.millrace.pipeline.comparison.CanonicalJson;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;

/** The index, asked in one request over HTTP as an application does. */
final class IndexSide implements Side {

    private static final JsonMapper JSON = new JsonMapper();
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private final HttpClient http = HttpClient.newHttpClient();
    private final URI address;
    private final Page page;

    IndexSide(String searchUrl, Page page) {
        this.address = URI.create(searchUrl + "/" + page.name() + "/_search");
        this.page = page;
    }

    @Override
    public String name() {
        return "index";
    }

    @Override
    public Session open() {
        return this::ask;
    }

    private Answer ask(Question question) throws IOException, InterruptedException {
        var body = JSON.writeValueAsBytes(page.search(question));
        var request = HttpRequest.newBuilder(address).timeout(PATIENCE).header("Content-Type", "application/json").POST(BodyPublishers.ofByteArray(body)).build();
        var response = http.send(request, BodyHandlers.ofByteArray());
        if (response.statusCode() != 200) {
            throw new IOException("Asking " + address + " " + new String(body) + " was answered " + response.statusCode() + ": " + new String(response.body()));
        }
        var found = JSON.readTree(response.body());
        var answer = new Answer.Builder().total(found.at("/hits/total/value").asLong());
        for (var hit : found.at("/hits/hits")) {
            answer.row(CanonicalJson.of(JSON.writeValueAsString(page.row(hit.path("_source")))));
        }
        for (var facet : found.path("aggregations").properties()) {
            // A facet over nested documents stands one level deeper.
            var values = facet.getValue().has("values") ? facet.getValue().path("values") : facet.getValue();
            values.path("buckets").forEach(b -> answer.count(facet.getKey(), b.path("key").asText(), b.path("doc_count").asLong()));
        }
        return answer.build();
    }
}
