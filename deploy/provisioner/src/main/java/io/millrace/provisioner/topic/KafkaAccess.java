package io.millrace.provisioner.topic;

import io.millrace.provisioner.Check;
import io.millrace.provisioner.Step;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclPermissionType;

/** What each service may do in a Kafka that authorizes; nothing where no principals are named. */
public final class KafkaAccess implements Step {

    private final KafkaTopics kafka;
    private final Map<String, String> principals;

    public KafkaAccess(KafkaTopics kafka, Map<String, String> principals) {
        this.kafka = kafka;
        this.principals = new TreeMap<>(principals);
    }

    @Override
    public String describe() {
        return "Kafka: rights of " + (principals.isEmpty() ? "nobody" : String.join(", ", principals.keySet()));
    }

    @Override
    public Check check() {
        var problems = principals.keySet().stream().filter(service -> !StageRights.SERVICES.containsKey(service))
                .map(service -> "There is no service '" + service + "' whose rights could be given; known: " + String.join(", ", StageRights.SERVICES.keySet())).toList();
        return Check.of(problems, problems.isEmpty() ? missing().stream().map(binding -> "allow " + binding.entry() + " on " + binding.pattern()).toList() : List.of());
    }

    private List<AclBinding> wanted() {
        var wanted = new ArrayList<AclBinding>();
        principals.forEach((service, principal) -> StageRights.SERVICES.get(service).forEach(right -> right.operations().forEach(operation ->
                wanted.add(new AclBinding(right.pattern(), new AccessControlEntry(principal, "*", operation, AclPermissionType.ALLOW))))));
        return wanted;
    }

    private List<AclBinding> missing() {
        if (principals.isEmpty()) {
            return List.of();
        }
        var there = Set.copyOf(kafka.rights());
        return wanted().stream().filter(binding -> !there.contains(binding)).toList();
    }

    @Override
    public void apply() {
        kafka.allow(missing());
    }

    @Override
    public Check removal() {
        return Check.of(List.of(), leaving().stream().map(binding -> "take back " + binding.entry() + " on " + binding.pattern()).toList());
    }

    /** The services are those of all sources of this Kafka: their rights go with the last one. */
    private List<AclBinding> leaving() {
        var present = present();
        return present.isEmpty() || kafka.otherSources().isEmpty() ? present : List.of();
    }

    @Override
    public List<String> staying() {
        var others = present().isEmpty() ? Set.<String>of() : kafka.otherSources();
        return others.isEmpty() ? List.of() : List.of("The rights of " + String.join(", ", principals.keySet()) + " in Kafka stay, because it has topics of other sources too: " + String.join(", ", others));
    }

    private List<AclBinding> present() {
        if (principals.isEmpty()) {
            return List.of();
        }
        var there = Set.copyOf(kafka.rights());
        return wanted().stream().filter(there::contains).toList();
    }

    @Override
    public void remove() {
        kafka.disallow(leaving());
    }
}
