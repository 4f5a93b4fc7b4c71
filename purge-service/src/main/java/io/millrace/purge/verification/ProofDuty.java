package io.millrace.purge.verification;

import io.agroal.api.AgroalDataSource;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.Source;
import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.liveness.LoopThread;
import io.millrace.pipeline.liveness.Loops;
import io.millrace.pipeline.log.Life;
import io.millrace.pipeline.log.LifeWatch;
import io.millrace.pipeline.progress.KafkaWatch;
import io.millrace.pipeline.record.Position;
import io.millrace.purge.PurgeConfig;
import io.millrace.purge.freshness.Freshness;
import io.millrace.purge.problem.RefusedException;
import io.millrace.purge.source.Pipelines;
import io.quarkus.runtime.Startup;
import jakarta.annotation.PostConstruct;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.apache.kafka.common.KafkaException;
import org.jboss.logging.Logger;

/**
 * Proves by a verification that a join which was built anew by itself has the database's documents, and tells the join so through the
 * log. Every instance may do it; what was compared stands in the book, by the number of the join's life, so all count alike and a restart
 * forgets nothing.
 */
@ApplicationScoped
@Startup
class ProofDuty {

    private static final Logger LOG = Logger.getLogger(ProofDuty.class);
    private static final Duration ROUND = Duration.ofSeconds(3);
    /** The join has heard of an order by then; if not, it is told again. */
    private static final Duration HEARD = Duration.ofMinutes(2);
    /** After a verification that could not tell; doubled with each. */
    private static final Duration PAUSE = Duration.ofMinutes(1);
    private static final int MOST_DOUBLED = 6;
    /** Verifications that found differences which no repair took away, before a person is left to look. */
    private static final int MOST = 3;
    private static final String ORDER = """
            INSERT INTO millrace.outboxevent (id, aggregatetype, aggregateid, type, "timestamp", payload) VALUES (gen_random_uuid(), ?, ?, ?, now(), ?)""";

    private final AgroalDataSource database;
    private final Verifications verifications;
    private final Freshness freshness;
    private final Book book;
    private final PurgeConfig.Verification config;
    private final KafkaWatch kafka;
    private final List<Proof> proofs;
    private final LoopThread thread;

    ProofDuty(AgroalDataSource database, Pipelines pipelines, Verifications verifications, Freshness freshness, Book book, PurgeConfig config, KafkaWatch kafka, Loops loops) {
        this.database = database;
        this.verifications = verifications;
        this.freshness = freshness;
        this.book = book;
        this.config = config.verification();
        this.kafka = kafka;
        this.proofs = pipelines.all().stream().filter(pipeline -> pipeline.recovery() == Source.Recovery.AUTOMATIC).map(Proof::new).toList();
        this.thread = loops.thread("proof of recoveries", Thread.ofVirtual(), config.stuckAfter(), this::live);
    }

    @PostConstruct
    void start() {
        if (!proofs.isEmpty()) {
            thread.start();
        }
    }

    private void live(Loop loop) throws InterruptedException {
        while (true) {
            for (var proof : proofs) {
                loop.beat();
                proof.look();
            }
            loop.waits(ROUND);
            Thread.sleep(ROUND);
        }
    }

    /** Of one pipeline; of the one thread. */
    private final class Proof {

        private final Pipeline pipeline;
        private final LifeWatch lives;
        /** That is to be proven, 0 where none is. */
        private long life;
        /** Up to where searches must see everything before anything is compared; 0 while that is not asked for. */
        private long goal;
        /** Of the monotonic clock, 0 where the join was not told. */
        private long toldAt;
        private String said;

        Proof(Pipeline pipeline) {
            this.pipeline = pipeline;
            this.lives = new LifeWatch(kafka, pipeline.name());
        }

        void look() throws InterruptedException {
            long now = lives.unproven();
            if (now != life) {
                life = now;
                goal = 0;
                toldAt = 0;
                said = null;
            }
            if (life == 0) {
                return;
            }
            try {
                go();
            } catch (SQLException | IOException | RefusedException | KafkaException e) {
                say("cannot be found out, it is tried again: " + e.getMessage());
            }
        }

        private void go() throws SQLException, IOException, InterruptedException {
            var compared = book.by(requestedBy());
            var agreed = compared.stream().filter(one -> one.state() == State.AGREES).findFirst();
            if (agreed.isPresent()) {
                tell(agreed.get());
            } else if (compared.stream().filter(one -> one.state() == State.DIFFERS).count() >= MOST) {
                say("was looked at " + MOST + " times, and they differ (verification " + compared.getFirst().id() + "). The join stays DOWN until a person looks at that: ./millrace recover documents." + pipeline.name());
            } else if (compared.stream().noneMatch(one -> one.state() == State.RUNNING) && isDue(compared) && isReached()) {
                verifications.begin(pipeline, new VerificationRequest(true, null, null), requestedBy(), config.rate(), Duration.ZERO);
                goal = 0;
            }
        }

        /** Whom the book names. */
        private String requestedBy() {
            return "recovery: automatic, life " + life;
        }

        private static boolean isDue(List<Verification> compared) {
            return compared.isEmpty() || compared.getFirst().seenAt().plus(PAUSE.multipliedBy(1L << Math.min(MOST_DOUBLED, compared.size() - 1))).isBefore(Instant.now());
        }

        /** Whether capture lacks nothing, the join is built, and the index has what stood in the log when that was asked for first. */
        private boolean isReached() throws SQLException, InterruptedException {
            if (goal == 0) {
                goal = position();
            }
            var answer = freshness.ask(pipeline.name(), List.of(pipeline.name()), goal, Duration.ZERO);
            if (!answer.fresh()) {
                LOG.debugf("The documents of %s are compared once the index has them: %s", pipeline.name(), answer.reason());
            }
            return answer.fresh();
        }

        /** The join hears of it as of any request. */
        private void tell(Verification verification) throws SQLException {
            if (toldAt == 0 || System.nanoTime() - toldAt > HEARD.toNanos()) {
                order(verification);
                toldAt = System.nanoTime();
                LOG.infof("The documents of %s, whose join was built anew, are those of the database (verification %s); its join is told", pipeline.name(), verification.id());
            }
        }

        private void order(Verification verification) throws SQLException {
            try (var connection = database.getConnection(); var insert = connection.prepareStatement(ORDER)) {
                insert.setString(1, pipeline.name());
                insert.setString(2, Long.toString(life));
                insert.setString(3, Life.PROVEN);
                insert.setString(4, "{\"verification\":\"" + verification.id() + "\"}");
                insert.executeUpdate();
            }
        }

        private long position() throws SQLException {
            try (var connection = database.getConnection(); var statement = connection.createStatement(); var row = statement.executeQuery("SELECT pg_current_wal_insert_lsn()::text")) {
                row.next();
                return Position.parseLsn(row.getString(1));
            }
        }

        private void say(String what) {
            if (!what.equals(said)) {
                LOG.warnf("Whether the documents of %s, whose join was built anew, are those of the database %s", pipeline.name(), what);
            }
            said = what;
        }

        void close() {
            lives.close();
        }
    }

    @PreDestroy
    void stop() {
        if (!proofs.isEmpty()) {
            thread.interrupt();
        }
        proofs.forEach(Proof::close);
    }
}
