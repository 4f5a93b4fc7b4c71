package io.millrace.tests.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;

/**
 * What tracing one record in a hundred costs the gate, the stage whose own work is the least: three backlogs after each other, again and again, of which two are the same, so
 * that chance is seen beside what is looked for.
 */
final class SamplingCost {

    private static final int NONE = 0;

    /**
     * Records of each second of the gate's own processor time.
     *
     * @param none without a traced record
     * @param again the same
     * @param traced with one in a hundred
     */
    record Cycle(double none, double again, double traced) {

        double chance() {
            return again / none - 1;
        }

        double cost() {
            return 1 - traced / ((none + again) / 2);
        }
    }

    /**
     * @param chance median of the differences between equal backlogs, without their sign
     * @param cost median share of throughput that tracing costs
     * @param spanBytes that the receiver got in all
     */
    record Result(List<Cycle> cycles, double chance, double cost, long spanBytes) {}

    private SamplingCost() {}

    static Result measure(GateThroughput gate, int warmUps, int cycles, int records, SpanSink spans) throws IOException, ExecutionException, InterruptedException {
        for (int i = 0; i < warmUps; i++) {
            gate.round(records, GateRows.ONE_IN_TRACED);
        }
        var all = new ArrayList<Cycle>();
        for (int i = 0; i < cycles; i++) {
            // The order turns, so that what gets slower or faster meanwhile is not put down to one of them.
            var rates = new double[3];
            for (int k = 0; k < 3; k++) {
                int which = (i + k) % 3;
                rates[which] = gate.round(records, which == 2 ? GateRows.ONE_IN_TRACED : NONE).perCoreSecond();
            }
            all.add(new Cycle(rates[0], rates[1], rates[2]));
        }
        return new Result(all, median(all.stream().map(c -> Math.abs(c.chance())).toList()), median(all.stream().map(Cycle::cost).toList()), spans.bytes());
    }

    private static double median(List<Double> values) {
        return values.stream().sorted().toList().get(values.size() / 2);
    }

    static void print(Result result) {
        System.out.printf("%nRecords/s of one core of the gate: none traced, none again, one in a hundred%n");
        result.cycles().forEach(c -> System.out.printf("  %,10.0f %,10.0f %,10.0f   chance %+5.1f %%, cost %+5.1f %%%n", c.none(), c.again(), c.traced(), c.chance() * 100, c.cost() * 100));
        System.out.printf("  median: chance %.1f %%, cost of tracing 1 %% of the records %+.1f %%; the receiver got %,d bytes%n", result.chance() * 100, result.cost() * 100, result.spanBytes());
    }
}
