package io.millrace.launcher;

import io.millrace.pipeline.file.PipelineFile;
import io.millrace.pipeline.file.PipelineFiles;
import io.millrace.pipeline.file.Region;
import io.millrace.pipeline.file.RegionFiles;
import io.millrace.pipeline.wording.Counted;
import io.millrace.provisioner.Check;
import io.millrace.provisioner.PasswordRotation;
import io.millrace.provisioner.Provisioner;
import io.millrace.provisioner.ProvisioningException;
import io.millrace.provisioner.Regions;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** What the commands over regions have in common: which regions, which pipelines, and how their outcome is told. */
abstract class RegionCommands implements Callable<Integer> {

    @Spec
    private CommandSpec spec;
    @Option(names = "--regions", required = true, paramLabel = "FILE", description = "The regions file: where each region's database, Kafka, registry and search engine are.")
    private Path regionsFile;
    @Option(names = "--region", paramLabel = "NAME", description = "Only this region; may be given several times. Default: all of the file.")
    private List<String> names = new ArrayList<>();
    @Parameters(paramLabel = "FILE", arity = "0..*", description = "Pipeline files, or folders of them, for the regions that name none themselves.")
    private List<Path> files = new ArrayList<>();

    final List<PipelineFile> pipelines() {
        return files.isEmpty() ? List.of() : PipelineFiles.loadNamed(files);
    }

    final List<Region> regions() {
        var all = RegionFiles.load(regionsFile);
        var known = new TreeSet<>(all.stream().map(Region::name).toList());
        for (var name : names) {
            if (!known.contains(name)) {
                throw new ProvisioningException("There is no region '" + name + "' in " + regionsFile + "; there are " + String.join(", ", known), null);
            }
        }
        return all.stream().filter(r -> names.isEmpty() || names.contains(r.name())).toList();
    }

    final Regions regions(boolean changeReplicaIdentity) {
        return new Regions(regions(), pipelines(), System::getenv, changeReplicaIdentity);
    }

    final PrintWriter out() {
        return spec.commandLine().getOut();
    }

    /** Lines of several regions come at once, each with its region's name. */
    final synchronized void say(String region, String line) {
        out().println("%-12s %s".formatted(region, line));
        out().flush();
    }

    /** Says which regions failed with what, and what to do; the exit code is 1 when one did. */
    final int conclude(List<? extends Regions.Outcome<?>> outcomes, String done) {
        int failed = 0;
        for (var outcome : outcomes) {
            if (outcome.failure() != null) {
                failed++;
                var message = outcome.failure() instanceof ProvisioningException e ? e.getMessage() : outcome.failure().toString();
                message.lines().forEach(line -> say(outcome.region(), "failed     " + line));
            }
        }
        out().println(failed == 0 ? "%s %s".formatted(Counted.of(outcomes.size(), "region"), done)
                : "%d of %s %s, %d not; put right what is said above and run this again, which goes on where it stopped".formatted(outcomes.size() - failed, Counted.of(outcomes.size(), "region"), done, failed));
        out().flush();
        return failed == 0 ? 0 : 1;
    }

    private static String word(Check check, String done) {
        return switch (check) {
            case Check.Done() -> done;
            case Check.Advised(var advice) -> done + ", but";
            case Check.Needed(var actions) -> "needed";
            case Check.Refused(var problems) -> "refused";
        };
    }

    /** @param done what there is to say of a step that has nothing to do */
    final void tell(String region, List<Provisioner.Planned> plan, String done) {
        for (var planned : plan) {
            say(region, "%-10s %s".formatted(word(planned.check(), done), planned.step()));
            var lines = switch (planned.check()) {
                case Check.Done() -> List.<String>of();
                case Check.Advised(var advice) -> advice;
                case Check.Needed(var actions) -> actions;
                case Check.Refused(var problems) -> problems;
            };
            lines.forEach(line -> say(region, "             " + line));
        }
    }

    final boolean isRefused(List<Provisioner.Planned> plan) {
        return plan.stream().anyMatch(planned -> planned.check() instanceof Check.Refused);
    }

    @Command(name = "plan", mixinStandardHelpOptions = true, description = "Shows what apply would create, change and remove in each region, with the SQL and the API calls; leaves all as it is. "
            + "Exit code 1 when anything stands in the way.")
    static final class Plan extends RegionCommands {

        @Option(names = "--change-replica-identity", description = "Allow to change a table's replica identity where its updates would fail otherwise.")
        private boolean changeReplicaIdentity;
        @Option(names = "--destroy", description = "Show what destroy would take away.")
        private boolean destroy;

        @Override
        public Integer call() {
            var regions = regions(changeReplicaIdentity);
            var outcomes = destroy ? regions.all(Provisioner::planDestroy) : regions.each(Provisioner::plan);
            outcomes.stream().filter(o -> o.result() != null).forEach(o -> tell(o.region(), o.result(), destroy ? "nothing" : "is so"));
            int code = conclude(outcomes, "looked at");
            return outcomes.stream().anyMatch(o -> o.result() != null && isRefused(o.result())) ? 1 : code;
        }
    }

    @Command(name = "apply", mixinStandardHelpOptions = true, description = "Makes what the pipelines need in each region, all at once. Running it again changes nothing, and finishes what a crash left half done.")
    static final class Apply extends RegionCommands {

        @Option(names = "--change-replica-identity", description = "Allow to change a table's replica identity where its updates would fail otherwise.")
        private boolean changeReplicaIdentity;

        @Override
        public Integer call() {
            var regions = regions(changeReplicaIdentity);
            return conclude(regions.each(provisioner -> {
                var region = regions.name(provisioner);
                var applied = provisioner.apply(step -> say(region, "made       " + step), line -> say(region, "note       " + line));
                say(region, applied.isEmpty() ? "everything was so already" : applied.size() + " steps applied");
                return applied;
            }), "applied");
        }
    }

    @Command(name = "destroy", mixinStandardHelpOptions = true, description = "Takes away what Millrace made or adopted in each region, the slot first: Postgres, topics, schemas, indexes. Stop the services first.")
    static final class Destroy extends RegionCommands {

        @Option(names = "--yes", description = "Do it. Without this, nothing is done and the plan is shown.")
        private boolean yes;

        @Override
        public Integer call() {
            var regions = regions(false);
            if (!yes) {
                regions.all(Provisioner::planDestroy).stream().filter(o -> o.result() != null).forEach(o -> tell(o.region(), o.result(), "nothing"));
                out().println("Nothing was done. Documents, topics and audit rows would be gone for good; add --yes to do it");
                out().flush();
                return 1;
            }
            return conclude(regions.all(provisioner -> {
                var region = regions.name(provisioner);
                return provisioner.destroy(step -> say(region, "removed    " + step), line -> say(region, "stays      " + line));
            }), "destroyed");
        }
    }

    @Command(name = "adopt", mixinStandardHelpOptions = true, description = "Takes over a setup that was made by hand: what is there and fits becomes Millrace's to change and to remove. Then run plan.")
    static final class Adopt extends RegionCommands {

        @Override
        public Integer call() {
            var regions = regions(false);
            return conclude(regions.each(provisioner -> {
                var region = regions.name(provisioner);
                return provisioner.adopt(step -> say(region, "adopted    " + step));
            }), "adopted");
        }
    }

    @Command(name = "rotate", mixinStandardHelpOptions = true, description = "Gives the replicating role of each region a new password, where its reference leads to a file. Restart capture and purge afterwards.")
    static final class Rotate extends RegionCommands {

        @Override
        public Integer call() {
            var pipelines = pipelines();
            var paths = new TreeSet<Path>();
            for (var region : regions()) {
                paths.addAll(PasswordRotation.files(region, region.pipelines().isEmpty() ? pipelines : PipelineFiles.load(region.pipelines())));
            }
            paths.forEach(PasswordRotation::renew);
            return conclude(regions(false).each(provisioner -> provisioner.apply(step -> { })), "rotated");
        }
    }
}
