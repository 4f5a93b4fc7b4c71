package io.millrace.connect;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import org.apache.avro.Schema;
import org.apache.avro.SchemaParseException;
import org.apache.kafka.common.config.types.Password;
import org.apache.kafka.connect.errors.DataException;
import org.apache.kafka.connect.errors.RetriableException;

/** Asks Apicurio Registry for a schema by the id that a record has. Of TLS it believes whom the JVM believes. Thread-safe. */
final class SchemaRegistry {

    private static final Duration TIMEOUT = Duration.ofSeconds(10);

    private final String url;
    private final String authorization;
    private final HttpClient http = HttpClient.newBuilder().connectTimeout(TIMEOUT).build();

    /** @param user empty where the registry asks nobody who comes */
    SchemaRegistry(String url, String user, Password password) {
        this.url = url.replaceAll("/+$", "");
        this.authorization = user.isEmpty() ? null : "Basic " + Base64.getEncoder().encodeToString((user + ":" + password.value()).getBytes(StandardCharsets.UTF_8));
    }

    /**
     * @throws RetriableException while the registry does not answer: {@code errors.retry.timeout} says for how long it is asked again
     * @throws DataException when it has no such schema, or does not let us see it
     */
    Schema byContentId(int id) {
        var request = HttpRequest.newBuilder(URI.create(url + "/ids/contentIds/" + id)).timeout(TIMEOUT);
        if (authorization != null) {
            request.header("Authorization", authorization);
        }
        try {
            var answer = http.send(request.build(), BodyHandlers.ofString());
            if (answer.statusCode() >= 500) {
                throw new RetriableException("Asking " + url + " for the schema with the content id " + id + " was answered with HTTP " + answer.statusCode());
            }
            if (answer.statusCode() != 200) {
                throw new DataException("Asking " + url + " for the schema with the content id " + id + " was answered with HTTP " + answer.statusCode()
                        + (answer.statusCode() == 404 ? "; the rows were written with another registry, or this one lost data" : "; see the user and the password of the converter"));
            }
            return new Schema.Parser().parse(answer.body());
        } catch (IOException e) {
            throw new RetriableException("Asking " + url + " for the schema with the content id " + id + " failed: " + e, e);
        } catch (SchemaParseException e) {
            throw new DataException("The content " + id + " of " + url + " is no Avro schema: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RetriableException("Asking " + url + " for the schema with the content id " + id + " was interrupted", e);
        }
    }
}
