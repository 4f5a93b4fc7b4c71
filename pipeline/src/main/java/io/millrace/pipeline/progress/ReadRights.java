package io.millrace.pipeline.progress;

import io.millrace.pipeline.kafka.KafkaTrouble;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.DescribeConsumerGroupsOptions;
import org.apache.kafka.clients.admin.DescribeTopicsOptions;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;

/**
 * Whether a consumer is let in by Kafka and may read its topics as its group. A consumer that may not polls on in vain, and the framework that polls for it tells nobody but the log; so Kafka is asked. Thread-safe.
 */
public final class ReadRights {

    private static final Duration STILL_TRUE = Duration.ofSeconds(15);
    private static final Duration PATIENCE = Duration.ofSeconds(3);

    private final Admin admin;
    private final Map<String, Object> settings;
    private final List<String> topics;
    private final String group;
    /** Guarded by this. */
    private String lacking;
    /** Guarded by this. */
    private long asked = System.nanoTime() - STILL_TRUE.toNanos();

    /** @param settings of {@code admin} */
    ReadRights(Admin admin, Map<String, Object> settings, List<String> topics, String group) {
        this.admin = admin;
        this.settings = settings;
        this.topics = List.copyOf(topics);
        this.group = group;
    }

    /** Which right is missing, or why Kafka lets nobody in, and what to do; empty where nothing of that is known, and where Kafka does not answer. Kafka is asked at most every 15 s, and waited for 3 s. */
    public synchronized Optional<String> lacking() {
        if (System.nanoTime() - asked >= STILL_TRUE.toNanos()) {
            lacking = ask();
            asked = System.nanoTime();
        }
        return Optional.ofNullable(lacking);
    }

    /** What to say where a consumer has no connection to Kafka: why, as far as that is known, and what to do. Kafka is asked as for {@link #lacking}. */
    public String unconnected() {
        return lacking().orElseGet(() -> "no connection to Kafka at " + settings.get(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG) + "; " + KafkaTrouble.advice(null, settings));
    }

    private String ask() {
        int patience = (int) PATIENCE.toMillis();
        var described = admin.describeTopics(topics, new DescribeTopicsOptions().includeAuthorizedOperations(true).timeoutMs(patience)).topicNameValues();
        var groups = admin.describeConsumerGroups(List.of(group), new DescribeConsumerGroupsOptions().includeAuthorizedOperations(true).timeoutMs(patience)).describedGroups();
        var closed = new ArrayList<String>();
        try {
            for (var topic : topics) {
                if (!mayRead(described.get(topic).thenApply(d -> d.authorizedOperations()))) {
                    closed.add("the topic " + topic);
                }
            }
            if (!mayRead(groups.get(group).thenApply(d -> d.authorizedOperations()))) {
                closed.add("the group " + group);
            }
        } catch (AuthenticationException e) {
            return "Kafka at " + settings.get(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG) + " and this service do not let each other in (" + e.getMessage() + "); " + KafkaTrouble.advice(e, settings);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return lacking;
        }
        return closed.isEmpty() ? null : "the service's Kafka user may not read " + String.join(", ", closed) + "; give it the right Read there (the provisioner does, by kafka.principals), then it goes on by itself";
    }

    /** Whatever else goes wrong, such as that there is no such topic yet, others say. @throws AuthenticationException where there is no connection, since one side does not accept the other */
    private static boolean mayRead(KafkaFuture<Set<AclOperation>> rights) throws InterruptedException {
        try {
            var known = rights.get();
            // Whoever gets an answer may describe; a broker that does not even say that says nothing of rights.
            return known == null || !known.contains(AclOperation.DESCRIBE) || known.contains(AclOperation.READ);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof AuthenticationException refused) {
                throw refused;
            }
            return !(e.getCause() instanceof AuthorizationException);
        }
    }
}
