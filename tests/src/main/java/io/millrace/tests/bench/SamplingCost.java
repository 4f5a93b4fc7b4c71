package io.millrace.tests.bench;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;

/**
 * What tracing one record in a hundred costs the gate, the stage whose own work is the least: four backlogs after each other, again and again, of which two are the same, so
 * that chance is seen beside what is looked for. Where chance is larger than that, the fourth helps, with one in ten traced: a span costs what it costs, so of ten times as many a tenth is
 * the cost that was looked for, and chance counts a tenth too.
 */
final class SamplingCost {

    private static final Duration LAST_SPANS = Duration.ofSeconds(6);
    private static final int NONE = 0;
    private static final int TENFOLD = GateRows.ONE_IN_TRACED / 10;
    private static final int[] ONE_IN = {NONE, NONE, GateRows.ONE_IN_TRACED, TENFOLD};

    /**
     * Records of each second of the gate's own processor time.
     *
     * @param none without a traced record
     * @param again the same
     * @param traced with one in a hundred
     * @param tenfold with one in ten
     */
    record Cycle(double none, double again, double traced, double tenfold) {

        double chance() {
            return again / none - 1;
        }

        double cost() {
            return 1 - traced / ((none + again) / 2);
        }

        /** Of one in a hundred, by what one in ten costs: processor time is added, so it is the time of a record that is compared. */
        double costByTenfold() {
            double time = (1 / none + 1 / again) / 2;
            return (1 / tenfold / time - 1) / 10;
        }
    }

    /**
     * @param chance median of the differences between equal backlogs, without their sign
     * @param cost median share of throughput that tracing costs
     * @param costByTenfold the same by one in ten
     * @param bytesOfSpan that the receiver got for each record that was traced, the warm-up's too; fewer than a span has where spans were dropped
     */
    record Result(List<Cycle> cycles, double chance, double cost, double costByTenfold, double bytesOfSpan) {}

    private SamplingCost() {}

    static Result measure(GateThroughput gate, int warmUps, int cycles, int records, SpanSink spans) throws IOException, ExecutionException, InterruptedException {
        for (int i = 0; i < warmUps; i++) {
            gate.round(records, GateRows.ONE_IN_TRACED);
        }
        var all = new ArrayList<Cycle>();
        for (int i = 0; i < cycles; i++) {
            // The order turns, so that what gets slower or faster meanwhile is not put down to one of them.
            var rates = new double[ONE_IN.length];
            for (int k = 0; k < rates.length; k++) {
                int which = (i + k) % rates.length;
                rates[which] = gate.round(records, ONE_IN[which]).perCoreSecond();
            }
            all.add(new Cycle(rates[0], rates[1], rates[2], rates[3]));
        }
        // What is left in the exporter's queue goes out within seconds.
        Thread.sleep(LAST_SPANS);
        long traced = (long) records / GateRows.ONE_IN_TRACED * (warmUps + cycles) + (long) records / TENFOLD * cycles;
        return new Result(all, median(all.stream().map(c -> Math.abs(c.chance())).toList()), median(all.stream().map(Cycle::cost).toList()),
                median(all.stream().map(Cycle::costByTenfold).toList()), (double) spans.bytes() / traced);
    }

    private static double median(List<Double> values) {
        return values.stream().sorted().toList().get(values.size() / 2);
    }

    static void print(Result result) {
        System.out.printf("%nRecords/s of one core of the gate: none traced, none again, one in a hundred, one in ten%n");
        result.cycles().forEach(c -> System.out.printf("  %,10.0f %,10.0f %,10.0f %,10.0f   chance %+5.1f %%, cost %+5.1f %%, by one in ten %+5.1f %%%n", c.none(), c.again(), c.traced(), c.tenfold(),
                c.chance() * 100, c.cost() * 100, c.costByTenfold() * 100));
        System.out.printf("  median: chance %.1f %%, cost of tracing 1 %% of the records %+.1f %%, by what one in ten costs %+.2f %%; %.0f bytes came for each that was traced%n", result.chance() * 100,
                result.cost() * 100, result.costByTenfold() * 100, result.bytesOfSpan());
    }
}
