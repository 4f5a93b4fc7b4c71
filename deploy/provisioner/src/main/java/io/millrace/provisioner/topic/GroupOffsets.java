package io.millrace.provisioner.topic;

import io.millrace.provisioner.Check;
import io.millrace.provisioner.Step;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/** Kafka remembers where a group stands for as long as the topics keep what it has not read. It is the broker's setting, so it is nobody's to change here. */
public final class GroupOffsets implements Step {

    private static final String SETTING = "offsets.retention.minutes";

    private final KafkaTopics topics;

    public GroupOffsets(KafkaTopics topics) {
        this.topics = topics;
    }

    @Override
    public String describe() {
        return "Kafka: offsets of groups that are away";
    }

    @Override
    public Check check() {
        var set = topics.brokerSetting(SETTING);
        if (set == null) {
            return new Check.Done();
        }
        var offsets = Duration.ofMinutes(Long.parseLong(set));
        var longest = topics.settings().stream().flatMap(settings -> kept(settings).stream()).max(Duration::compareTo).orElse(Duration.ZERO);
        return offsets.compareTo(longest) >= 0 ? new Check.Done() : new Check.Advised(List.of("The brokers forget the offsets of a group that is away after " + offsets + " (" + SETTING + "), and topics keep what it has not read for " + longest
                + ". A stage then goes on from its own mark, which is a few seconds older; its lag, and what scales by it, is unknown until it is back. Set " + SETTING + "=" + longest.toMinutes() + " or more in the brokers' settings"));
    }

    /** Those that end: deletions of a compacted topic, else all records. */
    private static List<Duration> kept(Map<String, String> settings) {
        var millis = settings.get(settings.get("cleanup.policy").equals("compact") ? "delete.retention.ms" : "retention.ms");
        return Long.parseLong(millis) < 0 ? List.of() : List.of(Duration.ofMillis(Long.parseLong(millis)));
    }

    @Override
    public void apply() {
        throw new IllegalStateException(describe() + " has nothing to apply");
    }
}
