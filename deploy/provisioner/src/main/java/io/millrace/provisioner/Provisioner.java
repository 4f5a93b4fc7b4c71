package io.millrace.provisioner;

import io.millrace.pipeline.file.PipelineFile;
import io.millrace.provisioner.registry.CapturedGroup;
import io.millrace.provisioner.registry.RegistryRoles;
import io.millrace.provisioner.search.IndexTrial;
import io.millrace.provisioner.search.SearchIndexes;
import io.millrace.provisioner.search.SearchRoles;
import io.millrace.provisioner.source.FittingTables;
import io.millrace.provisioner.source.OwnTables;
import io.millrace.provisioner.source.ReplicaIdentity;
import io.millrace.provisioner.source.ReplicationSlot;
import io.millrace.provisioner.source.ServerSettings;
import io.millrace.provisioner.source.SourceDatabase;
import io.millrace.provisioner.source.SourcePublication;
import io.millrace.provisioner.topic.JoinShapes;
import io.millrace.provisioner.topic.KafkaAccess;
import io.millrace.provisioner.topic.KafkaTopics;
import io.millrace.provisioner.topic.Retentions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/** Makes what the pipelines of some files need in their sources, in Kafka, in the registry and in the search engine, and takes it away again. */
public final class Provisioner {

    private final List<PipelineFile> files;
    private final Admin admin;
    private final Targets targets;
    private final Function<String, String> environment;
    private final Options options;

    /**
     * @param files every pipeline file; those with the same source name share its slot, publication and role
     * @param admin who makes things in the source databases; null: the role of the pipeline file itself
     * @param targets Kafka, registry and search engine
     * @param environment where the files' references to variables are looked up
     */
    public Provisioner(List<PipelineFile> files, Admin admin, Targets targets, Function<String, String> environment, Options options) {
        this.files = List.copyOf(files);
        this.admin = admin;
        this.targets = targets;
        this.environment = environment;
        this.options = options;
    }

    public Provisioner(List<PipelineFile> files, Admin admin, Targets targets, Function<String, String> environment) {
        this(files, admin, targets, environment, Options.NONE);
    }

    /** One step and what its check found. */
    public record Planned(String step, Check check) {}

    /**
     * Looks at everything and leaves it as it is; a search engine is asked by an index that is made and deleted again.
     *
     * @throws ProvisioningException when a server cannot be reached
     */
    public List<Planned> plan() {
        try (var places = open()) {
            return check(places.steps(), Step::check);
        }
    }

    /**
     * Looks at the databases alone, which may be done before there is a Kafka.
     *
     * @throws ProvisioningException with everything of them that stands in the way, or when one cannot be reached
     */
    public void requireSources() {
        try (var places = Places.none()) {
            sources(places);
            if (!places.silent().isEmpty()) {
                throw new ProvisioningException(places.silent(), null);
            }
            refuse(check(places.steps(), Step::check));
        }
    }

    /**
     * As below, without the advice.
     */
    public List<String> apply(Consumer<String> progress) {
        return apply(progress, line -> { });
    }

    /**
     * Makes everything so. Where any step is refused, nothing is done.
     *
     * @param progress receives a line for each step that was applied
     * @param advice receives, before anything is done, a line for each thing that a person should know or do all the same
     * @return the steps that were applied, in order; empty where everything was so already
     * @throws ProvisioningException with every refusal, or with what failed
     */
    public List<String> apply(Consumer<String> progress, Consumer<String> advice) {
        try (var places = open()) {
            var plan = check(places.steps(), Step::check);
            refuse(plan);
            plan.forEach(planned -> {
                if (planned.check() instanceof Check.Advised(var lines)) {
                    lines.forEach(advice);
                }
            });
            var applied = new ArrayList<String>();
            for (var step : places.steps()) {
                if (step.check() instanceof Check.Needed) {
                    step.apply();
                    applied.add(step.describe());
                    progress.accept(step.describe());
                }
            }
            return applied;
        }
    }

    /** What {@link #destroy} would take away. A place that cannot be reached is a refused step of its own. */
    public List<Planned> planDestroy() {
        try (var places = openWhatAnswers()) {
            var plan = new ArrayList<Planned>();
            for (var step : backwards(places.steps())) {
                var removal = step.removal();
                var staying = step.staying();
                if (staying.isEmpty() || !(removal instanceof Check.Done)) {
                    plan.add(new Planned(step.describe(), removal));
                }
                if (!staying.isEmpty()) {
                    plan.add(new Planned(step.describe(), new Check.Advised(staying)));
                }
            }
            places.silent().forEach(problem -> plan.add(new Planned("a place that does not answer", new Check.Refused(List.of(problem)))));
            return plan;
        }
    }

    /**
     * As below, without what stays.
     */
    public List<String> destroy(Consumer<String> progress) {
        return destroy(progress, line -> { });
    }

    /**
     * Takes away what Millrace made and nobody else needs, the slot first. Where any step is refused, nothing is done; a place that cannot be
     * reached does not keep the others from being cleared.
     *
     * @param progress receives a line for each step that was removed
     * @param staying receives, before anything is done, a line for each thing that is left because somebody else needs it
     * @return what was removed, in order
     * @throws ProvisioningException with every refusal, or with what could not be done
     */
    public List<String> destroy(Consumer<String> progress, Consumer<String> staying) {
        try (var places = openWhatAnswers()) {
            var steps = backwards(places.steps());
            refuse(check(steps, Step::removal));
            steps.forEach(step -> step.staying().forEach(staying));
            var removed = new ArrayList<String>();
            for (var step : steps) {
                if (step.removal() instanceof Check.Needed) {
                    step.remove();
                    removed.add(step.describe());
                    progress.accept(step.describe());
                }
            }
            if (!places.silent().isEmpty()) {
                throw new ProvisioningException(places.silent(), null);
            }
            return removed;
        }
    }

    /**
     * Takes over what is there though Millrace did not make it, so that it is Millrace's to change and to remove. Makes nothing but
     * the notes of that.
     */
    public List<String> adopt(Consumer<String> progress) {
        try (var places = open()) {
            var adopted = new ArrayList<String>();
            for (var step : places.steps()) {
                if (step.adoption() instanceof Check.Needed(var actions)) {
                    step.adopt();
                    adopted.addAll(actions);
                    actions.forEach(progress);
                }
            }
            return adopted;
        }
    }

    /**
     * What no other region may have as well: databases, and topics of a Kafka.
     *
     * @throws ProvisioningException when a server cannot be reached
     */
    public Set<String> claims() {
        try (var places = open()) {
            return places.claims();
        }
    }

    /** The opposite order, but slots before all else: one that nobody reads fills the primary's disk, whatever fails after it. */
    private static List<Step> backwards(List<Step> steps) {
        var backwards = new ArrayList<>(steps.reversed());
        backwards.sort(Comparator.comparing(step -> !(step instanceof ReplicationSlot)));
        return backwards;
    }

    private static List<Planned> check(List<Step> steps, Function<Step, Check> look) {
        return steps.stream().map(step -> new Planned(step.describe(), look.apply(step))).toList();
    }

    private static void refuse(List<Planned> plan) {
        var problems = new ArrayList<String>();
        for (var planned : plan) {
            if (planned.check() instanceof Check.Refused(var why)) {
                problems.addAll(why);
            }
        }
        if (!problems.isEmpty()) {
            throw new ProvisioningException(problems, null);
        }
    }

    private Places open() {
        var places = openWhatAnswers();
        if (!places.silent().isEmpty()) {
            places.close();
            throw new ProvisioningException(places.silent(), null);
        }
        return places;
    }

    /** Servers with the steps that are done at them, in order. */
    private record Places(List<AutoCloseable> open, Map<String, SourceDatabase> databases, List<Step> steps, Set<String> claims, List<String> silent) implements AutoCloseable {

        static Places none() {
            return new Places(new ArrayList<>(), new HashMap<>(), new ArrayList<>(), new TreeSet<>(), new ArrayList<>());
        }

        /** A place that cannot be reached is noted, and the others are tried. */
        void attempt(Supplier<List<Step>> place) {
            try {
                steps.addAll(place.get());
            } catch (ProvisioningException e) {
                silent.addAll(e.problems());
            }
        }

        @Override
        public void close() {
            for (var place : open) {
                try {
                    place.close();
                } catch (Exception e) {
                    throw new ProvisioningException("Closing a connection failed: " + e.getMessage(), e);
                }
            }
        }
    }

    private Places openWhatAnswers() {
        var places = Places.none();
        sources(places);
        places.attempt(() -> kafka(places));
        if (targets.search() != null) {
            var indexes = new SearchIndexes(targets.search(), files, () -> standing(places));
            places.attempt(() -> List.of(reached(indexes)));
            places.attempt(() -> List.of(reached(new SearchRoles(targets.search(), indexes.names(), indexes::isOfOthers))));
            places.steps().add(new IndexTrial(targets.search(), files, file -> places.databases().get(file.pipeline().source().name()).catalog()));
        }
        return places;
    }

    private void sources(Places places) {
        var bySource = new LinkedHashMap<String, List<PipelineFile>>();
        files.forEach(file -> bySource.computeIfAbsent(file.pipeline().source().name(), name -> new ArrayList<>()).add(file));
        bySource.values().forEach(source -> places.attempt(() -> source(places, source)));
    }

    private List<Step> source(Places places, List<PipelineFile> source) {
        var database = SourceDatabase.open(source, admin, options.roles(), environment);
        places.open().add(database);
        places.databases().put(database.name(), database);
        places.claims().add("the database " + database.identity());
        var steps = new ArrayList<Step>(List.of(new ServerSettings(database), new FittingTables(database), new OwnTables(database)));
        steps.addAll(database.roleSteps());
        steps.addAll(List.of(new ReplicaIdentity(database, options.changeReplicaIdentity()), new SourcePublication(database, options.usedColumnsOnly()), new ReplicationSlot(database)));
        return steps;
    }

    private List<Step> kafka(Places places) {
        var topics = new KafkaTopics(targets, files);
        places.open().add(topics);
        var cluster = topics.clusterId();
        topics.topics().forEach(topic -> places.claims().add("the topic " + topic + " of the Kafka " + cluster));
        var steps = new ArrayList<Step>(List.of(topics, new JoinShapes(targets, files), new Retentions(topics, targets.keeping()), new KafkaAccess(topics, targets.principals())));
        if (!targets.registryPrincipals().isEmpty()) {
            steps.add(new RegistryRoles(targets.registry(), targets.registryPrincipals(), topics::otherSources));
        }
        steps.add(reached(new CapturedGroup(targets.registry(), topics.topics())));
        return steps;
    }

    /** The replaced pipelines that stand, by what Kafka says; where that is not known, each of them may. */
    private Map<String, String> standing(Places places) {
        return places.steps().stream().filter(KafkaTopics.class::isInstance).map(KafkaTopics.class::cast).findFirst().<Map<String, String>>map(KafkaTopics::standing)
                .orElseGet(() -> KafkaTopics.replaced(files, "whether it runs is not known while Kafka or the registry does not answer"));
    }

    /** Looks once, so that a server that is away is found before anything is done. */
    private static Step reached(Step step) {
        step.check();
        return step;
    }
}
