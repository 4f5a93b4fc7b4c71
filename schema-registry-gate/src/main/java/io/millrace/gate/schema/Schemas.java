package io.millrace.gate.schema;

import io.millrace.gate.GateConfig;
import io.millrace.gate.Table;
import io.millrace.gate.avro.AvroProgram;
import io.millrace.gate.rule.RuleSet;
import io.millrace.pipeline.file.Compatibility;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.pipeline.file.TableSettings;
import io.millrace.pipeline.topic.Topics;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.Schema;
import org.jboss.logging.Logger;

/**
 * Which schemas may pass under which subject.
 *
 * <p>Only what passes is remembered, for as long as the process lives: a registered version stays registered. A refusal is
 * asked again whenever it matters, because a person may have accepted the schema in between. Thread-safe.
 */
@ApplicationScoped
public class Schemas {

    private static final Logger LOG = Logger.getLogger(Schemas.class);

    /** How long one call waits for another about the same subject. */
    private static final Duration LONGEST = Duration.ofSeconds(30);

    private record Key(String subject, int id) {}

    private final Registry registry;
    /** By {@link Table#name()}. */
    private final Map<String, TableSettings> settings = new HashMap<>();
    private final Map<Key, Readable> passing = new ConcurrentHashMap<>();
    private final Map<String, ReentrantLock> asking = new ConcurrentHashMap<>();

    Schemas(Registry registry, GateConfig config) {
        this.registry = registry;
        for (var file : PipelineFiles.load(config.pipelines())) {
            var pipeline = file.pipeline();
            pipeline.stated().forEach((table, stated) -> settings.put(Topics.suffix(pipeline.source().name(), table), stated));
        }
    }

    /** How to look at records of a schema that passes under the subject, null where that is not known yet. */
    public Readable known(String subject, int id) {
        return passing.get(new Key(subject, id));
    }

    private TableSettings settings(Table table) {
        return settings.getOrDefault(table.name(), TableSettings.DEFAULT);
    }

    /** The rule for a table's schemas. */
    public Compatibility rule(Table table) {
        return settings(table).compatibility();
    }

    /**
     * Asks the registry, and registers the schema under the subject where its rule allows.
     *
     * @throws RegistryAwayException when it does not answer; nothing is known then
     */
    public Verdict ask(Table table, String subject, int id) throws RegistryAwayException, InterruptedException {
        return ask(table, subject, id, rule(table));
    }

    /** The same with the rule lifted for this one call; the next registration puts the table's own rule back. */
    public Verdict accept(Table table, String subject, int id) throws RegistryAwayException, InterruptedException {
        var verdict = ask(table, subject, id, Compatibility.NONE);
        registry.ensure(subject, rule(table));
        return verdict;
    }

    private Verdict ask(Table table, String subject, int id, Compatibility rule) throws RegistryAwayException, InterruptedException {
        var key = new Key(subject, id);
        var lock = asking.computeIfAbsent(subject, s -> new ReentrantLock());
        if (!lock.tryLock(LONGEST.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new RegistryAwayException("Another call about " + subject + " has not been answered by the registry within " + LONGEST.toSeconds() + " s");
        }
        try {
            var known = passing.get(key);
            if (known != null) {
                return new Verdict.Passing(known);
            }
            var verdict = look(table, subject, id, rule);
            if (verdict instanceof Verdict.Passing(var readable)) {
                passing.put(key, readable);
            }
            return verdict;
        } finally {
            lock.unlock();
        }
    }

    private Verdict look(Table table, String subject, int id, Compatibility rule) throws RegistryAwayException {
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
            case Registry.Registration.Done done -> new Verdict.Passing(readable(table, subject, schema));
            case Registry.Registration.Refused(var message) -> new Verdict.Refused(
                    new Refusal(Refusal.SCHEMA_REFUSED, message, rule.name(), subject, id, difference(before, schema)));
        };
    }

    private Readable readable(Table table, String subject, Schema schema) {
        var rules = subject.equals(Topics.valueSubject(table.rows())) ? RuleSet.of(settings(table).rules(), schema) : RuleSet.EMPTY;
        rules.unusable().forEach(why -> LOG.warnf("A row rule of %s cannot be applied to rows of the schema that was registered just now, so it is left out: %s. Correct the table's rules in the pipeline file.",
                table, why));
        return new Readable(AvroProgram.of(schema, rules.fields()), rules);
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
