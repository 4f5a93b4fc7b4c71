package io.millrace.provisioner;

import io.millrace.pipeline.file.PipelineFile;
import io.millrace.provisioner.registry.CapturedGroup;
import io.millrace.provisioner.source.FittingTables;
import io.millrace.provisioner.source.Grants;
import io.millrace.provisioner.source.OwnTables;
import io.millrace.provisioner.source.ReplicationRole;
import io.millrace.provisioner.source.ServerSettings;
import io.millrace.provisioner.source.SourceDatabase;
import io.millrace.provisioner.source.SourcePublication;
import io.millrace.provisioner.topic.KafkaTopics;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;

/** Makes what the pipelines of some files need in their sources, in Kafka and in the registry. */
public final class Provisioner {

    private final List<PipelineFile> files;
    private final Admin admin;
    private final Targets targets;
    private final Function<String, String> environment;

    /**
     * @param files every pipeline file; those with the same source name share its slot, publication and role
     * @param admin who makes things in the source databases; null: the role of the pipeline file itself
     * @param targets Kafka and registry
     * @param environment where the files' references to variables are looked up
     */
    public Provisioner(List<PipelineFile> files, Admin admin, Targets targets, Function<String, String> environment) {
        this.files = List.copyOf(files);
        this.admin = admin;
        this.targets = targets;
        this.environment = environment;
    }

    /** One step and what its check found. */
    public record Planned(String step, Check check) {}

    /**
     * Looks at everything and changes nothing.
     *
     * @throws ProvisioningException when a server cannot be reached
     */
    public List<Planned> plan() {
        return withSteps(Provisioner::check);
    }

    /**
     * Makes everything so. Where any step is refused, nothing is done.
     *
     * @param progress receives a line for each step that was applied
     * @return the steps that were applied, in order; empty where everything was so already
     * @throws ProvisioningException with every refusal, or with what failed
     */
    public List<String> apply(Consumer<String> progress) {
        return withSteps(steps -> {
            refuse(check(steps));
            var applied = new ArrayList<String>();
            for (var step : steps) {
                if (step.check() instanceof Check.Needed) {
                    step.apply();
                    applied.add(step.describe());
                    progress.accept(step.describe());
                }
            }
            return applied;
        });
    }

    private static List<Planned> check(List<Step> steps) {
        return steps.stream().map(step -> new Planned(step.describe(), step.check())).toList();
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

    private <T> T withSteps(Function<List<Step>, T> work) {
        var bySource = new LinkedHashMap<String, List<PipelineFile>>();
        files.forEach(file -> bySource.computeIfAbsent(file.pipeline().source().name(), name -> new ArrayList<>()).add(file));
        var databases = new ArrayList<SourceDatabase>();
        try {
            var steps = new ArrayList<Step>();
            for (var source : bySource.values()) {
                var database = SourceDatabase.open(source, admin, environment);
                databases.add(database);
                steps.addAll(List.of(new ServerSettings(database), new FittingTables(database), new OwnTables(database), new ReplicationRole(database),
                        new Grants(database), new SourcePublication(database)));
            }
            try (var kafka = new KafkaTopics(targets, files)) {
                steps.add(kafka);
                steps.add(new CapturedGroup(targets.registry()));
                return work.apply(steps);
            }
        } finally {
            databases.forEach(SourceDatabase::close);
        }
    }
}
