package io.millrace.provisioner.topic;

import io.millrace.pipeline.file.Keeping;
import io.millrace.provisioner.Check;
import io.millrace.provisioner.Step;
import java.time.Duration;
import java.util.ArrayList;

/**
 * Whether the times fit each other for which Kafka keeps what a stage has not read, and the positions of those who read. The positions are
 * the broker's setting, so that is nobody's to change here.
 */
public final class Retentions implements Step {

    private static final String OFFSETS = "offsets.retention.minutes";

    private final KafkaTopics topics;
    private final Keeping keeping;

    public Retentions(KafkaTopics topics, Keeping keeping) {
        this.topics = topics;
        this.keeping = keeping;
    }

    @Override
    public String describe() {
        return "Kafka: for how long records and offsets are kept";
    }

    @Override
    public Check check() {
        var advice = new ArrayList<String>();
        if (keeping.deletions().compareTo(keeping.captured()) < 0) {
            advice.add("Deletions are kept for " + keeping.deletions() + " (kafka.keep.deletions), and captured records for " + keeping.captured() + " (kafka.keep.captured). After an outage of all stages that the gate makes up for, joins and indexes may have missed deletions,"
                    + " so each join is built anew and each index reconciled. Keep deletions for as long at least");
        }
        var set = topics.brokerSetting(OFFSETS);
        var longest = keeping.deletions().compareTo(keeping.captured()) < 0 ? keeping.captured() : keeping.deletions();
        if (set != null && Duration.ofMinutes(Long.parseLong(set)).compareTo(longest) < 0) {
            advice.add("The brokers forget the offsets of a group that is away after " + Duration.ofMinutes(Long.parseLong(set)) + " (" + OFFSETS + "), and topics keep what it has not read for " + longest
                    + ". A stage then goes on from its own mark, which is a few seconds older; its lag, and what scales by it, is unknown until it is back. Set " + OFFSETS + "=" + longest.toMinutes() + " or more in the brokers' settings");
        }
        return advice.isEmpty() ? new Check.Done() : new Check.Advised(advice);
    }

    @Override
    public void apply() {
        throw new IllegalStateException(describe() + " has nothing to apply");
    }
}
