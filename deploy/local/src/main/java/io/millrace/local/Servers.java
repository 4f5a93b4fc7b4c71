package io.millrace.local;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Collectors;

/**
 * Runs the servers by hand: {@code up} (until Ctrl-C), {@code start} (and leave them running), {@code down}, {@code status}.
 */
public final class Servers {

    private static final String USAGE = """
            Usage: java -cp millrace-local.jar io.millrace.local.Servers COMMAND [--data DIR] [--port-base N] [--port KEY=N]...
              up      start the servers, stop them on Ctrl-C
              start   start the servers and leave them running
              down    stop servers that were left running
              status  which ones run, and where
            Defaults: --data .millrace, ports 15432 (postgres), 19092 and 19093 (kafka), 18081 and 18082 (registry), 19200 and 19300 (search)""";

    private Servers() { }

    public static void main(String[] args) throws Exception {
        try {
            run(args);
        } catch (LocalException e) {
            System.err.println(e.getMessage());
            System.exit(1);
        }
    }

    private static void run(String[] args) throws IOException, InterruptedException {
        var command = args.length == 0 ? "help" : args[0];
        var data = Path.of(".millrace");
        var ports = Ports.defaults();
        var changed = new ArrayList<String[]>();
        for (int i = 1; i < args.length; i += 2) {
            var value = i + 1 < args.length ? args[i + 1] : "";
            switch (args[i]) {
                case "--data" -> data = Path.of(value);
                case "--port-base" -> ports = Ports.from(number(value));
                case "--port" -> changed.add(value.split("=", 2));
                default -> throw new LocalException("Unknown option '" + args[i] + "'.\n" + USAGE);
            }
        }
        for (var change : changed) {
            ports = ports.with(change[0], number(change.length == 2 ? change[1] : ""));
        }
        var servers = LocalServers.in(data, ports);
        switch (command) {
            case "up" -> up(servers);
            case "start" -> {
                servers.start(System.out::println);
                describe(servers);
                servers.release();
            }
            case "down" -> servers.stop();
            case "status" -> servers.servers().forEach(s -> System.out.printf("%-10s %s%n", s.name(),
                    s.running().map(p -> (s.isReady() ? "up, pid " : "not ready, pid ") + p.pid()).orElse("down")));
            default -> System.out.println(USAGE);
        }
    }

    private static void up(LocalServers servers) throws IOException, InterruptedException {
        var stopped = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            servers.stop();
            stopped.countDown();
        }, "stop"));
        servers.start(System.out::println);
        describe(servers);
        System.out.println("Ctrl-C stops them");
        stopped.await();
    }

    private static void describe(LocalServers servers) throws IOException {
        var json = servers.servers().stream()
                .map(s -> "  \"%s\": {\"address\": \"%s\", \"pid\": %d, \"log\": \"%s\"}".formatted(s.name(), servers.addresses().get(s.name()),
                        s.running().map(ProcessHandle::pid).orElse(-1L), s.spec().log()))
                .collect(Collectors.joining(",\n", "{\n", "\n}\n"));
        Files.writeString(servers.data().resolve("run").resolve("stack.json"), json);
        System.out.print(json);
        System.out.printf("psql: PGPASSWORD=%s psql -h localhost -p %d -U %s%n", servers.postgresPassword(), servers.ports().postgres(), servers.postgresUser());
    }

    private static int number(String text) {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            throw new LocalException("'" + text + "' is not a port number.\n" + USAGE, e);
        }
    }
}
