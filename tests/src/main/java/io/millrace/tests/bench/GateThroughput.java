package io.millrace.tests.bench;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** How much of a core a record costs the gate: it drains backlogs that were made while its process was halted. */
final class GateThroughput {

    /**
     * @param perCoreSecond records for each second of processor time that the gate's process took, collector and network included
     * @param perSecond records by the clock; gate, broker and this bench share the machine
     * @param cores that the gate's process took meanwhile
     */
    record Round(long records, double perCoreSecond, double perSecond, double cores) {}

    private static final List<String> TABLES = GateBench.FLOWING;

    private final GateStack stack;
    private long number;

    GateThroughput(GateStack stack) {
        this.stack = stack;
    }

    /** @param profile where Java Flight Recorder writes what the measured rounds did, null for none */
    List<Round> run(int warmUps, int rounds, int records, String profile) throws IOException, ExecutionException, InterruptedException {
        for (int i = 0; i < warmUps; i++) {
            round(records, GateRows.ONE_IN_TRACED);
        }
        if (profile != null) {
            recorder("JFR.start", "settings=profile");
        }
        var results = new ArrayList<Round>();
        for (int i = 0; i < rounds; i++) {
            results.add(round(records, GateRows.ONE_IN_TRACED));
        }
        if (profile != null) {
            recorder("JFR.dump", "filename=" + profile);
        }
        return results;
    }

    static Round median(List<Round> rounds) {
        return rounds.stream().sorted(Comparator.comparingDouble(Round::perCoreSecond)).toList().get(rounds.size() / 2);
    }

    /** @param oneInTraced every so many records bring a sampled trace context; 0 for none */
    Round round(int records, int oneInTraced) throws IOException, ExecutionException, InterruptedException {
        var outputs = TABLES.stream().map(GateStack::gated).toList();
        long target = stack.count(outputs) + records;
        signal("STOP");
        try {
            write(records, oneInTraced);
        } finally {
            signal("CONT");
        }
        var before = cpu();
        long begin = System.nanoTime();
        while (stack.count(outputs) < target) {
            Thread.sleep(20);
        }
        double seconds = (System.nanoTime() - begin) / 1e9;
        double cpu = cpu().minus(before).toMillis() / 1e3;
        return new Round(records, records / cpu, records / seconds, cpu / seconds);
    }

    private void write(int records, int oneInTraced) {
        try (var producer = new KafkaProducer<>(Map.of("bootstrap.servers", stack.bootstrap(), "compression.type", "lz4", "linger.ms", 5, "batch.size", 128 * 1024),
                new ByteArraySerializer(), new ByteArraySerializer())) {
            for (int i = 0; i < records; i++, number++) {
                producer.send(stack.rows(TABLES.get((int) (number % TABLES.size()))).record(number / TABLES.size(), oneInTraced));
            }
        }
    }

    private Duration cpu() {
        return stack.gate().running().orElseThrow().info().totalCpuDuration().orElseThrow();
    }

    private void signal(String name) throws IOException, InterruptedException {
        run(List.of("kill", "-" + name, pid()));
    }

    private void recorder(String command, String argument) throws IOException, InterruptedException {
        run(List.of(java.nio.file.Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(), pid(), command, argument));
    }

    private String pid() {
        return Long.toString(stack.gate().running().orElseThrow().pid());
    }

    private static void run(List<String> command) throws IOException, InterruptedException {
        int code = new ProcessBuilder(command).redirectOutput(ProcessBuilder.Redirect.DISCARD).redirectError(ProcessBuilder.Redirect.INHERIT).start().waitFor();
        if (code != 0) {
            throw new IOException(String.join(" ", command) + " ended with " + code);
        }
    }
}
