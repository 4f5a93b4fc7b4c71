package io.millrace.purge.verification;

import io.agroal.api.AgroalDataSource;
import io.millrace.pipeline.file.Pipeline;
import io.millrace.pipeline.file.Source;
import io.millrace.pipeline.liveness.Loop;
import io.millrace.pipeline.liveness.LoopThread;
import io.millrace.pipeline.liveness.Loops;
import io.millrace.pipeline.log.Life;
import io.millrace.pipeline.log.LifeWatch;
import io.millrace.pipeline.progress.JoinState;
import io.millrace.pipeline.progress.KafkaWatch;
import io.millrace.purge.PurgeConfig;
import io.millrace.purge.problem.RefusedException;
import io.millrace.purge.source.Pipelines;
import io.quarkus.runtime.Startup;
import io.smallrye.common.annotation.Identifier;
import jakarta.annotation.PostConstruct;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.kafka.common.KafkaException;
import org.jboss.logging.Logger;

/**
 * Proves by a verification that a join which was built anew by itself has the database's documents, and tells the join so through the
 * log. Every instance may do it; of two verifications of one pipeline only one begins.
 */
@ApplicationScoped
@Startup
class ProofDuty {

    private static final Logger LOG = Logger.getLogger(ProofDuty.class);
    /** Whom the book names. */
    private static final String NOBODY = "recovery: automatic";
    private static final Duration ROUND = Duration.ofSeconds(3);
    /** The join has heard of an order by then; if not, its order is lost. */
    private static final Duration HEARD = Duration.ofMinutes(2);
    /** Verifications that do not agree, before a person is left to look. */
    private static final int MOST = 3;
    private static final String ORDER = """
            INSERT INTO millrace.outboxevent (id, aggregatetype, aggregateid, type, "timestamp", payload) VALUES (gen_random_uuid(), ?, ?, ?, now(), ?)""";

    private final AgroalDataSource database;
    private final Verifications verifications;
    private final Book book;
    private final PurgeConfig.Verification config;
    private final KafkaWatch kafka;
    private final List<Proof> proofs;
    private final LoopThread thread;

    ProofDuty(AgroalDataSource database, Pipelines pipelines, Verifications verifications, Book book, PurgeConfig config, @Identifier("default-kafka-broker") Map<String, Object> settings, Loops loops) {
        this.database = database;
        this.verifications = verifications;
        this.book = book;
        this.config = config.verification();
        this.kafka = new KafkaWatch(settings, loops);
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
        private final JoinState state;
        /** That is to be proven, 0 where none is. */
        private long life;
        /** Null where none has begun. */
        private UUID verification;
        private int begun;
        private long orderedAt;
        private String refusal;

        Proof(Pipeline pipeline) {
            this.pipeline = pipeline;
            this.lives = new LifeWatch(kafka, pipeline.name());
            this.state = new JoinState(kafka, pipeline.name());
        }

        void look() throws InterruptedException {
            long now = lives.unproven();
            if (now != life) {
                life = now;
                verification = null;
                begun = 0;
                state.begin();
            }
            if (life == 0) {
                return;
            }
            try {
                if (verification == null) {
                    begin();
                } else {
                    follow();
                }
                refusal = null;
            } catch (SQLException | IOException | RefusedException | KafkaException e) {
                var why = String.valueOf(e.getMessage());
                if (!why.equals(refusal)) {
                    LOG.warnf("Whether the documents of %s, whose join was built anew, are those of the database cannot be found out, it is tried again: %s", pipeline.name(), why);
                }
                refusal = why;
            }
        }

        private void begin() throws SQLException, IOException, InterruptedException {
            if (begun < MOST && state.untilBuilt() == null) {
                verification = verifications.begin(pipeline, new VerificationRequest(true, null, null), NOBODY, config.rate(), Duration.ZERO);
                begun += verification == null ? 0 : 1;
                orderedAt = 0;
            }
        }

        private void follow() throws SQLException {
            var found = book.find(verification).map(Verification::state).orElse(State.FAILED);
            if (found == State.AGREES) {
                told();
            } else if (found != State.RUNNING) {
                LOG.warnf("The documents of %s, whose join was built anew, were compared with the database: %s (verification %s). %s", pipeline.name(), found.text(), verification,
                        begun < MOST ? "They are compared again" : "Its join stays DOWN until a person looks at that: ./millrace recover documents." + pipeline.name());
                verification = null;
            }
        }

        /** The join hears of it as of any request. */
        private void told() throws SQLException {
            if (orderedAt == 0) {
                order();
                orderedAt = System.nanoTime();
                LOG.infof("The documents of %s, whose join was built anew, are those of the database (verification %s); its join is told", pipeline.name(), verification);
            } else if (System.nanoTime() - orderedAt > HEARD.toNanos()) {
                verification = null;
            }
        }

        private void order() throws SQLException {
            try (var connection = database.getConnection(); var insert = connection.prepareStatement(ORDER)) {
                insert.setString(1, pipeline.name());
                insert.setString(2, Long.toString(life));
                insert.setString(3, Life.PROVEN);
                insert.setString(4, "{\"verification\":\"" + verification + "\"}");
                insert.executeUpdate();
            }
        }

        void close() {
            lives.close();
            state.close();
        }
    }

    @PreDestroy
    void stop() {
        if (!proofs.isEmpty()) {
            thread.interrupt();
        }
        proofs.forEach(Proof::close);
        kafka.close();
    }
}
