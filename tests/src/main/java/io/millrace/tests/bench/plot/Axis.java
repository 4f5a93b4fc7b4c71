package io.millrace.tests.bench.plot;

import java.util.List;
import java.util.stream.DoubleStream;

/**
 * Where values stand between two ends of a plot.
 *
 * @param least value at its beginning
 * @param most value at its end, larger than the least
 * @param logarithmic whether equal factors are equally far apart; the least is larger than nothing then
 */
record Axis(double least, double most, boolean logarithmic) {

    private static final int TICKS = 5;

    /** From nothing to a round number that is not below any value; to one where there are none. */
    static Axis linear(DoubleStream values) {
        double largest = values.filter(Double::isFinite).max().orElse(1);
        double step = step(largest > 0 ? largest : 1);
        return new Axis(0, step * Math.max(1, Math.ceil(largest / step - 1e-9)), false);
    }

    /** From the power of ten below all positive values to that above them; from one to ten where there are none. */
    static Axis logarithmic(DoubleStream values) {
        var positive = values.filter(value -> Double.isFinite(value) && value > 0).summaryStatistics();
        if (positive.getCount() == 0) {
            return new Axis(1, 10, true);
        }
        double least = Math.floor(Math.log10(positive.getMin()) + 1e-9);
        return new Axis(Math.pow(10, least), Math.pow(10, Math.max(least + 1, Math.ceil(Math.log10(positive.getMax()) - 1e-9))), true);
    }

    /** 1, 2 or 5 times a power of ten, of which some five reach so far. */
    private static double step(double reach) {
        double power = Math.pow(10, Math.floor(Math.log10(reach / TICKS)));
        return power * DoubleStream.of(1, 2, 5, 10).filter(factor -> power * factor * TICKS >= reach * (1 - 1e-9)).findFirst().orElse(10);
    }

    /** Between 0 and 1; what is beyond an end stands at that end. */
    double share(double value) {
        double share = logarithmic ? Math.log10(Math.max(value, least) / least) / Math.log10(most / least) : (value - least) / (most - least);
        return Math.clamp(share, 0, 1);
    }

    /** Values that are worth a line. */
    List<Double> ticks() {
        double step = logarithmic ? 0 : step(most);
        return DoubleStream.iterate(least, value -> value <= most * (1 + 1e-9), value -> logarithmic ? value * 10 : value + step).boxed().toList();
    }
}
