package io.millrace.provisioner;

import io.millrace.pipeline.file.InvalidPipelineException;
import io.millrace.pipeline.file.PipelineFiles;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Provisioning by hand: {@code plan} shows what is missing, {@code apply} makes it. */
public final class Provision {

    private static final String USAGE = """
            Usage: java -cp … io.millrace.provisioner.Provision plan|apply --kafka HOST:PORT --registry URL [--partitions N] [--replication N] FILE…
            FILE is a pipeline file or a folder of them. Their references to the environment are looked up here.
            MILLRACE_ADMIN_USER and MILLRACE_ADMIN_PASSWORD name who makes things in the databases; without them, the files' own role does.""";

    private Provision() {}

    /** Exits with 0 when everything is so, 1 when it could not be made so, 2 when it was asked wrongly. */
    public static void main(String[] args) {
        try {
            System.exit(run(args));
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage() + "\n" + USAGE);
            System.exit(2);
        } catch (ProvisioningException | InvalidPipelineException e) {
            System.err.println(e.getMessage());
            System.exit(1);
        }
    }

    private static int run(String[] args) {
        var options = new HashMap<>(Map.of("partitions", String.valueOf(Targets.DEFAULT_PARTITIONS), "replication", "1"));
        var paths = new ArrayList<Path>();
        if (args.length == 0) {
            throw new IllegalArgumentException("Say what to do");
        }
        for (int i = 1; i < args.length; i++) {
            if (!args[i].startsWith("--")) {
                paths.add(Path.of(args[i]));
            } else if (i + 1 < args.length && List.of("--kafka", "--registry", "--partitions", "--replication").contains(args[i])) {
                options.put(args[i].substring(2), args[++i]);
            } else {
                throw new IllegalArgumentException("'" + args[i] + "' is no option, or lacks its value");
            }
        }
        if (!options.containsKey("kafka") || !options.containsKey("registry")) {
            throw new IllegalArgumentException("--kafka and --registry are needed");
        }
        var targets = new Targets(options.get("kafka"), URI.create(options.get("registry")), number(options, "partitions"), (short) number(options, "replication"));
        var provisioner = new Provisioner(PipelineFiles.load(paths), admin(), targets, System::getenv);
        return switch (args[0]) {
            case "plan" -> plan(provisioner);
            case "apply" -> apply(provisioner);
            default -> throw new IllegalArgumentException("There is no command '" + args[0] + "'");
        };
    }

    private static int number(Map<String, String> options, String name) {
        try {
            return Short.parseShort(options.get(name));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("--" + name + " wants a whole number, not '" + options.get(name) + "'", e);
        }
    }

    private static Admin admin() {
        var user = System.getenv("MILLRACE_ADMIN_USER");
        var password = System.getenv("MILLRACE_ADMIN_PASSWORD");
        return user == null ? null : new Admin(user, password == null ? "" : password);
    }

    private static int plan(Provisioner provisioner) {
        boolean refused = false;
        for (var planned : provisioner.plan()) {
            switch (planned.check()) {
                case Check.Done() -> System.out.println("is so     " + planned.step());
                case Check.Needed(var actions) -> {
                    System.out.println("needed    " + planned.step());
                    actions.forEach(action -> System.out.println("            " + action));
                }
                case Check.Refused(var problems) -> {
                    refused = true;
                    System.out.println("refused   " + planned.step());
                    problems.forEach(problem -> System.out.println("            " + problem));
                }
            }
        }
        return refused ? 1 : 0;
    }

    private static int apply(Provisioner provisioner) {
        var applied = provisioner.apply(step -> System.out.println("made      " + step));
        System.out.println(applied.isEmpty() ? "everything was so already" : applied.size() + " steps applied");
        return 0;
    }
}
