package io.millrace.tests.bench;

import io.millrace.local.ManagedProcess;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.common.config.ConfigResource;

/**
 * Who asks a broker for what, from the broker's own log of requests, which is turned on for as long. Writing that log takes more of the processors than the requests do, so nothing else is measured
 * meanwhile. A process is found by the port from which it is connected, as Linux tells it.
 */
public final class RequestLog {

    private static final String LOGGER = "kafka.request.logger";
    private static final Pattern REQUEST = Pattern.compile("\"requestApiKeyName\":\"(?<api>[A-Z_]+)\".*\"connection\":\"[^\"-]+-[^\"-]+:(?<port>\\d+)-");
    /** Connections that were closed before they were looked at. */
    private static final String GONE = "closed since";

    private final ManagedProcess broker;
    private final Map<String, String> admin;
    private final List<ManagedProcess> clients;

    /** @param admin how a client of Kafka gets in that may set the broker's loggers */
    public RequestLog(ManagedProcess broker, Map<String, String> admin, List<ManagedProcess> clients) {
        this.broker = broker;
        this.admin = admin;
        this.clients = clients;
    }

    /** By {@code process: API}, how many requests a second the broker answered during that time. */
    public Map<String, Double> perSecond(Duration time) throws InterruptedException {
        try {
            long from = Files.size(broker.spec().log());
            long begin = System.nanoTime();
            tell("DEBUG");
            Thread.sleep(time);
            tell("WARN");
            double seconds = (System.nanoTime() - begin) / 1e9;
            var rates = new TreeMap<String, Double>();
            count(from).forEach((what, count) -> rates.put(what, count / seconds));
            return rates;
        } catch (IOException e) {
            throw new UncheckedIOException("Reading the broker's log of requests in " + broker.spec().log() + " failed", e);
        }
    }

    private void tell(String level) throws InterruptedException {
        try (var kafka = Admin.create(Map.copyOf(admin))) {
            var node = kafka.describeCluster().nodes().get().iterator().next();
            kafka.incrementalAlterConfigs(Map.of(new ConfigResource(ConfigResource.Type.BROKER_LOGGER, node.idString()), List.of(new AlterConfigOp(new ConfigEntry(LOGGER, level), AlterConfigOp.OpType.SET)))).all().get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("Setting the broker's logger " + LOGGER + " to " + level + " failed: " + e.getCause(), e.getCause());
        }
    }

    private Map<String, Integer> count(long from) throws IOException {
        var owners = owners();
        var counts = new HashMap<String, Integer>();
        try (var file = FileChannel.open(broker.spec().log())) {
            file.position(from);
            for (var line : (Iterable<String>) new BufferedReader(new InputStreamReader(Channels.newInputStream(file), StandardCharsets.UTF_8)).lines()::iterator) {
                var request = REQUEST.matcher(line);
                if (request.find()) {
                    counts.merge(owners.getOrDefault(Integer.parseInt(request.group("port")), GONE) + ": " + request.group("api"), 1, Integer::sum);
                }
            }
        }
        return counts;
    }

    /** By the port of its own from which it is connected to somebody. */
    private Map<Integer, String> owners() throws IOException {
        var owners = new HashMap<Integer, String>();
        for (var client : clients) {
            if (client.running().isPresent()) {
                var process = Path.of("/proc", Long.toString(client.running().get().pid()));
                var sockets = sockets(process);
                for (var table : List.of("tcp", "tcp6")) {
                    try (var lines = Files.lines(process.resolve("net").resolve(table))) {
                        // Columns of /proc/net/tcp: the second is the local address with its port in hexadecimal, the tenth the inode, see proc_pid_net(5).
                        lines.skip(1).map(line -> line.strip().split("\\s+")).filter(columns -> sockets.contains("socket:[" + columns[9] + "]"))
                                .forEach(columns -> owners.put(Integer.parseInt(columns[1].substring(columns[1].indexOf(':') + 1), 16), client.name()));
                    }
                }
            }
        }
        return owners;
    }

    private static Set<String> sockets(Path process) throws IOException {
        var sockets = new HashSet<String>();
        try (Stream<Path> open = Files.list(process.resolve("fd"))) {
            for (var file : (Iterable<Path>) open::iterator) {
                try {
                    sockets.add(Files.readSymbolicLink(file).toString());
                } catch (IOException e) {
                    // Closed meanwhile.
                }
            }
        }
        return sockets;
    }
}
