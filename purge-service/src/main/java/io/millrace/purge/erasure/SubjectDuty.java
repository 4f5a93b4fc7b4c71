package io.millrace.purge.erasure;

import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.liveness.LoopThread;
import io.millrace.pipeline.liveness.Loops;
import io.millrace.pipeline.record.Position;
import io.millrace.pipeline.wording.Counted;
import io.millrace.purge.PurgeConfig;
import io.millrace.purge.freshness.Freshness;
import io.millrace.purge.problem.RefusedException;
import io.millrace.purge.source.Pipelines;
import io.millrace.purge.verification.SecondLook;
import io.quarkus.runtime.Startup;
import jakarta.annotation.PostConstruct;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jboss.logging.Logger;

/** Sees how far the erasures of subjects are, whichever instance was asked for them: what it writes down it may write down again. */
@ApplicationScoped
@Startup
class SubjectDuty {

    private static final Logger LOG = Logger.getLogger(SubjectDuty.class);
    private static final Duration ROUND = Duration.ofSeconds(2);
    private static final Duration LOOK = Duration.ofSeconds(1);

    private final SubjectErasures erasures;
    private final Pipelines pipelines;
    private final Freshness freshness;
    private final SecondLook secondLook;
    private final KeptRecords kept;
    /** Null where no file names a subject. */
    private final LoopThread thread;
    /** By pipeline. */
    private final Map<String, Walk> walks = new ConcurrentHashMap<>();
    private String trouble;

    SubjectDuty(SubjectErasures erasures, Pipelines pipelines, Freshness freshness, SecondLook secondLook, KeptRecords kept, PurgeConfig config, Loops loops) {
        this.erasures = erasures;
        this.pipelines = pipelines;
        this.freshness = freshness;
        this.secondLook = secondLook;
        this.kept = kept;
        this.thread = erasures.names().isEmpty() ? null : loops.thread("erasures of subjects", Thread.ofVirtual(), config.stuckAfter(), this::live);
    }

    /** One pipeline's way from the orders to its searches, for all erasures that were open when it began. */
    private static final class Walk {
        private long position;
        private Set<UUID> open = Set.of();
        private volatile String waitsFor;
        private final Set<UUID> reached = new HashSet<>();
    }

    @PostConstruct
    void start() {
        if (thread != null) {
            thread.start();
        }
    }

    /** The erasure with what is known here of what it waits for. */
    SubjectErasure told(SubjectErasure erasure) {
        return erasure.state() != State.REQUESTED ? erasure
                : erasure.waiting(erasures.naming(erasure.subject()).stream().map(pipeline -> walks.get(pipeline.name())).filter(Objects::nonNull).map(walk -> walk.waitsFor).filter(Objects::nonNull).findFirst().orElse(null));
    }

    private void live(Loop loop) throws InterruptedException {
        while (true) {
            try {
                look(loop);
                trouble = null;
            } catch (RuntimeException e) {
                if (!String.valueOf(e.getMessage()).equals(trouble)) {
                    trouble = String.valueOf(e.getMessage());
                    LOG.warnf("How far the erasures of subjects are was not looked at: %s", trouble);
                }
            }
            loop.waits(ROUND);
            Thread.sleep(ROUND);
        }
    }

    private void look(Loop loop) throws InterruptedException {
        var open = erasures.read(SubjectBook::ordered);
        for (var pipeline : pipelines.all()) {
            loop.beat();
            var concerned = open.stream().filter(erasure -> pipeline.subjects().containsKey(erasure.subject())).map(SubjectErasure::id).collect(Collectors.toSet());
            look(pipeline, concerned, walks.computeIfAbsent(pipeline.name(), name -> new Walk()));
        }
        for (var erasure : open) {
            var naming = erasures.naming(erasure.subject());
            if (naming.stream().allMatch(pipeline -> walks.get(pipeline.name()).reached.contains(erasure.id()))) {
                var proof = proof(erasure, naming, loop);
                if (proof != null) {
                    erasures.hide(erasure.id(), proof, kept.longest(naming).map(Duration::toMillis).orElse(null));
                }
            }
        }
    }

    /** What a second look at the subject's documents has shown; null where one of them is not what it should be. */
    private String proof(SubjectErasure erasure, List<Pipeline> naming, Loop loop) throws InterruptedException {
        var shown = new ArrayList<String>();
        for (var pipeline : naming) {
            var walk = walks.get(pipeline.name());
            try {
                var seen = secondLook.at(pipeline, erasure.subject(), erasure.keyHash(), loop::beat);
                if (seen.differing() > 0 || seen.undecided() > 0) {
                    walk.waitsFor = pipeline.name() + ": of " + Counted.of(seen.documents(), "document") + " in which the subject stands, " + Counted.of(seen.differing(), "is", "are") + " not in the index as the rows say without it, and " + seen.undecided()
                            + " could not be told; if it stays so, ./millrace verify " + pipeline.name() + " --repair";
                    walk.reached.remove(erasure.id());
                    return null;
                }
                shown.add(pipeline.name() + ": " + Counted.of(seen.documents(), "document") + " looked at again");
            } catch (RefusedException | SQLException | IOException e) {
                shown.add(pipeline.name() + ": not looked at again, " + e.getMessage());
            }
        }
        return String.join("; ", shown);
    }

    /** What searches see up to a position behind an order, they see without the rows that it takes away: freshness waits for their reading, too. */
    private void look(Pipeline pipeline, Set<UUID> concerned, Walk walk) throws InterruptedException {
        walk.reached.retainAll(concerned);
        if (walk.open.isEmpty() && !walk.reached.containsAll(concerned)) {
            walk.position = erasures.read(SubjectDuty::end);
            walk.open = Set.copyOf(concerned);
        }
        if (walk.open.isEmpty()) {
            return;
        }
        var answer = freshness.ask(pipeline.name(), pipelines.generations(pipeline.name()), walk.position, LOOK);
        walk.waitsFor = answer.fresh() ? null : pipeline.name() + ": " + answer.stage() + ": " + answer.reason();
        if (answer.fresh()) {
            walk.reached.addAll(walk.open);
            walk.open = Set.of();
        }
    }

    private static long end(Connection connection) throws SQLException {
        try (var statement = connection.createStatement(); var row = statement.executeQuery("SELECT pg_current_wal_insert_lsn()::text")) {
            row.next();
            return Position.parseLsn(row.getString(1));
        }
    }

    @PreDestroy
    void stop() {
        if (thread != null) {
            thread.interrupt();
        }
    }
}
