package io.millrace.console.manage;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.millrace.console.Http;
import io.millrace.console.Pipelines;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.file.Target;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.BadRequestException;
import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.NotFoundException;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.ServiceUnavailableException;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The manage page of the demo's monitors: the same question to Postgres and to the index, one behind the other, by one user or by several at once. */
@Path("/api/manage")
@RunOnVirtualThread
public class ManageResource {

    /** For which several users ask each side. */
    private static final Duration ASKED = Duration.ofSeconds(2);
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final TableName ROOT = new TableName("public", "monitor");
    private static final List<TableName> TABLES = Stream.of("monitor", "team", "monitor_tag", "tag").map(table -> new TableName("public", table)).toList();

    private final Pipelines pipelines;
    private final Http http;
    private final ObjectMapper json;
    /** Of users who ask at once, whoever looks: more would be more connections, and would measure each other. */
    private final Semaphore places = new Semaphore(Crowd.MOST, true);

    ManageResource(Pipelines pipelines, Http http, ObjectMapper json) {
        this.pipelines = pipelines;
        this.http = http;
        this.json = json;
    }

    /** Whether a pipeline is the one of the demo's monitors, in whose tables the page is asked for. */
    public static boolean isAsked(Pipeline pipeline) {
        return pipeline.target() == Target.OPENSEARCH && pipeline.document().table().equals(ROOT) && pipeline.tableNames().containsAll(TABLES);
    }

    /**
     * @param millis from the question of a user who is alone to the last byte of the answer; null where there is no answer
     * @param crowd of several users; null where one asked
     * @param error why there is no answer; null where there is one
     */
    public record Asked(Long millis, Answer answer, Crowd crowd, String error) {}

    public record Page(Asked postgres, Asked index) {}

    /**
     * @param text words, each of which is in the name or the message
     * @param organisation its id
     * @param tag a tag's value
     * @param sort {@code name}; else the newest stand first
     * @param page the first is 0
     * @param users at once, 1 to 8; several ask again and again for two seconds
     */
    @GET
    public Page ask(@QueryParam("text") @DefaultValue("") String text, @QueryParam("organisation") @DefaultValue("") String organisation, @QueryParam("status") @DefaultValue("") String status,
            @QueryParam("type") @DefaultValue("") String type, @QueryParam("team") @DefaultValue("") String team, @QueryParam("tag") @DefaultValue("") String tag,
            @QueryParam("sort") @DefaultValue("modified") String sort, @QueryParam("page") @DefaultValue("0") int page, @QueryParam("users") @DefaultValue("1") int users) throws InterruptedException {
        var monitors = pipelines.all().stream().filter(ManageResource::isAsked).findFirst()
                .orElseThrow(() -> new NotFoundException("The manage page is the demo's; none of the pipelines has public.monitor at its root, with teams and tags"));
        if (users < 1 || users > Crowd.MOST) {
            throw new BadRequestException("1 to " + Crowd.MOST + " users can ask at once, not " + users);
        }
        var question = Question.of(text, organisation, status, type, team, tag, sort, page);
        if (!places.tryAcquire(users, PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
            throw new ServiceUnavailableException("Others ask the manage page, of whom " + Crowd.MOST + " may at once; ask again in some seconds");
        }
        try {
            return new Page(asked(new PostgresSide(monitors), question, users), asked(new IndexSide(monitors, http, json), question, users));
        } finally {
            places.release(users);
        }
    }

    private static Asked asked(Side side, Question question, int users) throws InterruptedException {
        try {
            var alone = alone(side, question);
            return users == 1 ? alone : new Asked(alone.millis, alone.answer, Crowd.of(side, question, users, ASKED), null);
        } catch (IOException | SQLException | IllegalStateException e) {
            return new Asked(null, null, null, e.getMessage());
        }
    }

    private static Asked alone(Side side, Question question) throws IOException, SQLException, InterruptedException {
        try (var session = side.open(question)) {
            long began = System.nanoTime();
            var answer = session.ask();
            return new Asked(Duration.ofNanos(System.nanoTime() - began).toMillis(), answer, null, null);
        }
    }
}
