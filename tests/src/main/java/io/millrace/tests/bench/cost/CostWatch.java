package io.millrace.tests.bench.cost;

import io.millrace.tests.bench.Footprint;
import io.millrace.tests.bench.KafkaRequests;
import io.millrace.tests.bench.RequestLog;
import io.millrace.tests.bench.Steady;
import io.millrace.tests.stack.DemoStack;
import java.sql.SQLException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/** Measures a stack that runs. Not thread-safe. */
public final class CostWatch implements AutoCloseable {

    /** Of the first traffic; the next has the next one. */
    private static final long SEED = 77;

    private final DemoStack stack;
    private final KafkaRequests requests;
    private long traffics;

    public CostWatch(DemoStack stack) {
        this.stack = stack;
        this.requests = KafkaRequests.of(stack.stack().servers().kafka().running().orElseThrow().pid());
    }

    /** @param rate changes a second; 0 for none */
    public Step step(int rate, Duration time) throws SQLException, InterruptedException {
        var answered = requests.counts();
        var used = Footprint.of(stack.stack().processes());
        long begin = System.nanoTime();
        var steady = rate == 0 ? null : steady().run(rate, time);
        if (steady == null) {
            Thread.sleep(time);
        }
        double took = (System.nanoTime() - begin) / 1e9;
        var after = Footprint.of(stack.stack().processes());
        var cores = new LinkedHashMap<String, Double>();
        var rss = new LinkedHashMap<String, Long>();
        var pss = new LinkedHashMap<String, Long>();
        after.processes().forEach((name, use) -> {
            cores.put(name, after.cpuSince(used, name) / took);
            rss.put(name, use.rssBytes());
            pss.put(name, use.pssBytes());
        });
        // The count of the requests is the last to be asked for, so that asking is not counted in the processors' time.
        var rates = KafkaRequests.perSecond(answered, requests.counts(), took);
        return steady == null ? new Step(0, 0, 0, took, cores, rates, Map.of(), Map.of(), rss, pss, 0)
                : new Step(rate, steady.changes(), steady.changesPerSecond(), took, cores, rates, steady.times(), steady.reported(), rss, pss, steady.lostProbes());
    }

    /** Traffic that this stack has not had yet. */
    public Steady steady() {
        return new Steady(stack, SEED + traffics++);
    }

    /** Requests a second at rest, by process and API. */
    public Map<String, Double> asking(Duration time) throws InterruptedException {
        var servers = stack.stack().servers();
        return new RequestLog(servers.kafka(), servers.kafkaAdmin(), stack.stack().processes()).perSecond(time);
    }

    @Override
    public void close() {
        requests.close();
    }
}
