package io.millrace.demo;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;

/** The demo by hand: creates and fills its tables, and makes traffic on them. The connection comes from the environment. */
public final class Demo {

    private static final String USAGE = """
            Usage: java -cp … io.millrace.demo.Demo COMMAND [options]
              schema                                      create the tables, where they are not there
              load    [--scale N] [--seed S]              fill them: N monitors (1000), everything else in proportion
              traffic [--rate N] [--seconds S] [--seed S] [--mix steady|quiet|broad]
                                                          N row changes a second (50) until S seconds are over or Ctrl-C
            The database: MILLRACE_SOURCE_URL (a JDBC URL), MILLRACE_SOURCE_USER, MILLRACE_SOURCE_PASSWORD""";

    private Demo() {}

    /** Exits with 0 when done, 1 when it could not be done, 2 when it was asked wrongly. */
    public static void main(String[] args) {
        try {
            run(args);
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage() + "\n" + USAGE);
            System.exit(2);
        } catch (SQLException | IllegalStateException e) {
            System.err.println(e.getMessage());
            System.exit(1);
        }
    }

    private static void run(String[] args) throws SQLException {
        if (args.length == 0) {
            throw new IllegalArgumentException("Say what to do");
        }
        var options = options(args);
        switch (args[0]) {
            case "schema" -> {
                only(options, List.of());
                try (var connection = connect()) {
                    DemoData.createSchema(connection);
                }
            }
            case "load" -> {
                only(options, List.of("scale", "seed"));
                try (var connection = connect()) {
                    var loaded = DemoData.load(connection, number(options, "seed", 1), Math.toIntExact(number(options, "scale", 1_000)));
                    System.out.printf("monitors loaded: %,d; rows in all: %,d; in %.1f s%n", loaded.monitors(), loaded.rows(), loaded.took().toMillis() / 1e3);
                }
            }
            case "traffic" -> {
                only(options, List.of("rate", "seconds", "seed", "mix"));
                traffic(options);
            }
            default -> throw new IllegalArgumentException("There is no command '" + args[0] + "'");
        }
    }

    private static void traffic(Map<String, String> options) throws SQLException {
        long seconds = number(options, "seconds", Integer.MAX_VALUE);
        long end = System.nanoTime() + seconds * 1_000_000_000L;
        var goOn = new AtomicBoolean(true);
        var worker = Thread.currentThread();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(goOn, worker), "stop"));
        try (var connection = connect()) {
            var traffic = new Traffic(connection, number(options, "seed", System.nanoTime() & 0xFFFFFF), mix(options));
            long start = System.nanoTime();
            var done = traffic.run(Math.toIntExact(number(options, "rate", 50)), () -> goOn.get() && System.nanoTime() - end < 0);
            System.out.printf("%,d transactions, %,d row changes (%.0f a second), %,d refused%n", done.transactions(), done.changes(),
                    done.changes() * 1e9 / (System.nanoTime() - start), done.refused());
        }
    }

    private static Traffic.Mix mix(Map<String, String> options) {
        var name = options.getOrDefault("mix", "steady");
        return Arrays.stream(Traffic.Mix.values()).filter(mix -> mix.name().equalsIgnoreCase(name)).findFirst()
                .orElseThrow(() -> new IllegalArgumentException("--mix wants steady, quiet or broad, not '" + name + "'"));
    }

    /** Lets the transaction in work end, so that Ctrl-C leaves no half told total. */
    private static void stop(AtomicBoolean goOn, Thread worker) {
        if (goOn.getAndSet(false)) {
            try {
                worker.join(2_000);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static Connection connect() throws SQLException {
        return DriverManager.getConnection(environment("MILLRACE_SOURCE_URL"), environment("MILLRACE_SOURCE_USER"), environment("MILLRACE_SOURCE_PASSWORD"));
    }

    private static String environment(String name) {
        var value = System.getenv(name);
        if (value == null) {
            throw new IllegalArgumentException("The environment variable " + name + " is not set");
        }
        return value;
    }

    private static Map<String, String> options(String[] args) {
        var options = new HashMap<String, String>();
        for (int i = 1; i < args.length; i += 2) {
            if (!args[i].startsWith("--") || i + 1 == args.length) {
                throw new IllegalArgumentException("'" + args[i] + "' is no option with a value");
            }
            options.put(args[i].substring(2), args[i + 1]);
        }
        return options;
    }

    private static void only(Map<String, String> options, List<String> known) {
        for (var option : options.keySet()) {
            if (!known.contains(option)) {
                throw new IllegalArgumentException("There is no option --" + option + " here");
            }
        }
    }

    private static long number(Map<String, String> options, String name, long missing) {
        var text = options.get(name);
        try {
            long number = text == null ? missing : Long.parseLong(text);
            if (number < 1 && !name.equals("seed")) {
                throw new IllegalArgumentException("--" + name + " must be at least 1");
            }
            return number;
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("--" + name + " wants a whole number, not '" + text + "'", e);
        }
    }
}
