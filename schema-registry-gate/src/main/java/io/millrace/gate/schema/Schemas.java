package io.millrace.gate.schema;

import io.millrace.gate.GateConfig;
import io.millrace.gate.Table;
import io.millrace.gate.avro.AvroProgram;
import io.millrace.pipeline.file.Compatibility;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.pipeline.topic.Topics;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.Schema;

/**
 * Which schemas may pass under which subject.
 *
 * <p>Only what passes is remembered, for as long as the process lives: a registered version stays registered. A refusal is
 * asked again whenever it matters, because a person may have accepted the schema in between. Thread-safe.
 */
@ApplicationScoped
public class Schemas {

    private record Key(String subject, int id) {}

    private final Registry registry;
    private final Map<String, Compatibility> rules = new HashMap<>();
    private final Map<Key, AvroProgram> passing = new ConcurrentHashMap<>();
    private final Map<String, ReentrantLock> asking = new ConcurrentHashMap<>();

    Schemas(Registry registry, GateConfig config) {
        this.registry = registry;
        for (var file : PipelineFiles.load(config.pipelines())) {
            var pipeline = file.pipeline();
            pipeline.tables().forEach((table, settings) -> rules.put(Topics.suffix(pipeline.source().name(), table), settings.compatibility()));
        }
    }

    /** The program of a schema that passes under the subject, null where that is not known yet. */
    public AvroProgram known(String subject, int id) {
        return passing.get(new Key(subject, id));
    }

    /** The rule for a table's schemas. */
    public Compatibility rule(Table table) {
        return rules.getOrDefault(table.name(), Compatibility.FULL_TRANSITIVE);
    }

    /**
     * Asks the registry, and registers the schema under the subject where its rule allows.
     *
     * @throws RegistryAwayException when it does not answer; nothing is known then
     */
    public Verdict ask(Table table, String subject, int id) throws RegistryAwayException, InterruptedException {
        return ask(subject, id, rule(table));
    }

    /** The same with the rule lifted for this one call; the next registration puts the table's own rule back. */
    public Verdict accept(Table table, String subject, int id) throws RegistryAwayException, InterruptedException {
        var verdict = ask(subject, id, Compatibility.NONE);
        registry.ensure(subject, rule(table));
        return verdict;
    }

    private Verdict ask(String subject, int id, Compatibility rule) throws RegistryAwayException, InterruptedException {
        var key = new Key(subject, id);
        var lock = asking.computeIfAbsent(subject, s -> new ReentrantLock());
        lock.lockInterruptibly();
        try {
            var known = passing.get(key);
            if (known != null) {
                return new Verdict.Passing(known);
            }
            var verdict = look(subject, id, rule);
            if (verdict instanceof Verdict.Passing(var program)) {
                passing.put(key, program);
            }
            return verdict;
        } finally {
            lock.unlock();
        }
    }

    private Verdict look(String subject, int id, Compatibility rule) throws RegistryAwayException {
        var content = registry.content(id);
        if (content == null) {
            return new Verdict.Refused(Refusal.unknown(subject, id, "the registry knows no schema with the content id " + id
                    + "; check that capture and the gate use the same registry"));
        }
        Schema schema;
        try {
            schema = new Schema.Parser().parse(content);
        } catch (AvroRuntimeException e) {
            return new Verdict.Refused(Refusal.unknown(subject, id, "the content with id " + id + " is no Avro schema: " + e.getMessage()));
        }
        var before = registry.latest(subject);
        return switch (registry.register(subject, content, rule)) {
            case Registry.Registration.Done done -> new Verdict.Passing(AvroProgram.of(schema));
            case Registry.Registration.Refused(var message) -> new Verdict.Refused(
                    new Refusal(Refusal.SCHEMA_REFUSED, message, rule.name(), subject, id, difference(before, schema)));
        };
    }

    private static List<FieldChange> difference(String before, Schema now) {
        if (before == null) {
            return List.of();
        }
        try {
            return Difference.between(new Schema.Parser().parse(before), now);
        } catch (AvroRuntimeException e) {
            return List.of(new FieldChange("", "not readable: " + e.getMessage(), now.getFullName()));
        }
    }
}
