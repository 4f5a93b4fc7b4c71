package io.millrace.tests.bench.report;

import java.util.List;

/**
 * What grows as a power of something: {@code y = factor * x ^ exponent}, by least squares of the logarithms.
 *
 * @param exponent 1 where twice as much takes twice as long; not a number where fewer than two sizes were measured
 */
record PowerLaw(double exponent, double factor) {

    /** Both larger than 0. */
    record Point(double x, double y) {}

    static PowerLaw fit(List<Point> points) {
        var usable = points.stream().filter(p -> p.x > 0 && p.y > 0 && Double.isFinite(p.x) && Double.isFinite(p.y)).toList();
        double x = usable.stream().mapToDouble(p -> Math.log(p.x)).average().orElse(Double.NaN);
        double y = usable.stream().mapToDouble(p -> Math.log(p.y)).average().orElse(Double.NaN);
        double spread = usable.stream().mapToDouble(p -> Math.pow(Math.log(p.x) - x, 2)).sum();
        double together = usable.stream().mapToDouble(p -> (Math.log(p.x) - x) * (Math.log(p.y) - y)).sum();
        double exponent = spread == 0 ? Double.NaN : together / spread;
        return new PowerLaw(exponent, Math.exp(y - exponent * x));
    }
}
