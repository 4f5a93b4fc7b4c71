package io.millrace.tests.bench.report;

import io.millrace.tests.bench.cost.Step;
import io.millrace.tests.bench.load.Limits;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.ToDoubleFunction;

/**
 * All parts of one commit on one machine.
 *
 * @param loads by size, as are changes and limits; of the other parts null where one was not measured
 * @param others parts that are there and not of this report, and why
 */
record Report(Machine machine, boolean quick, SequencedMap<Integer, Measured<Measuring.Load>> loads, Measured<ColdCurve.Result> start, Measured<Measuring.Idle> idle, Measured<Measuring.Steps> steady,
        Measured<Sustained.Result> rate, SequencedMap<Integer, Measured<Step>> changes, Measured<FanOut.Result> fanOut, SequencedMap<Integer, Measured<Limits.Result>> limits, List<String> others) {

    static Report of(Machine machine, boolean quick, Store store) {
        var loads = new LinkedHashMap<Integer, Measured<Measuring.Load>>();
        var changes = new LinkedHashMap<Integer, Measured<Step>>();
        var limits = new LinkedHashMap<Integer, Measured<Limits.Result>>();
        for (int size : store.sizes()) {
            store.read(Part.LOAD.file(size), Measuring.Load.class).ifPresent(part -> loads.put(size, part));
            store.read(Part.CHANGES.file(size), Step.class).ifPresent(part -> changes.put(size, part));
            store.read(Part.LIMITS.file(size), Limits.Result.class).ifPresent(part -> limits.put(size, part));
        }
        return new Report(machine, quick, loads, once(store, Part.START, ColdCurve.Result.class), once(store, Part.IDLE, Measuring.Idle.class), once(store, Part.STEADY, Measuring.Steps.class),
                once(store, Part.RATE, Sustained.Result.class), changes, once(store, Part.FANOUT, FanOut.Result.class), limits, store.others());
    }

    private static <T> Measured<T> once(Store store, Part part, Class<T> figures) {
        return store.read(part.option(), figures).orElse(null);
    }

    /** Every part that is there, by its name. */
    SequencedMap<String, Measured<?>> parts() {
        var parts = new LinkedHashMap<String, Measured<?>>();
        loads.forEach((size, part) -> parts.put("first load of %,d monitors".formatted(size), part));
        put(parts, "right after the start", start);
        put(parts, "at rest", idle);
        put(parts, "steady rates", steady);
        put(parts, "highest rate", rate);
        changes.forEach((size, part) -> parts.put("changes beside %,d monitors".formatted(size), part));
        put(parts, "fan-out", fanOut);
        limits.forEach((size, part) -> parts.put("limits of %,d monitors".formatted(size), part));
        return parts;
    }

    private static void put(Map<String, Measured<?>> parts, String name, Measured<?> part) {
        Optional.ofNullable(part).ifPresent(there -> parts.put(name, there));
    }

    /** Parts after which what was counted at both ends did not agree. */
    List<String> disagreeing() {
        return parts().entrySet().stream().filter(part -> !part.getValue().ends().agree()).map(Map.Entry::getKey).toList();
    }

    int differences() {
        return parts().values().stream().mapToInt(part -> part.ends().differences()).sum();
    }

    /** How what was measured for several sizes grows with them. */
    List<Growth> growth() {
        return List.of(
                Growth.of("first load, s", loads, load -> load.load().all()),
                Growth.of("first load, CPU s", loads, Report::cpuSeconds),
                Growth.of("resident after it, MB", loads, Report::megabytes),
                Growth.of("1,000 changes, CPU s", changes, Step::perThousand),
                Growth.of("commit to indexed p50, ms", changes, step -> step.times().get(Goals.INDEXED).p50()));
    }

    /** @param points by monitors */
    record Growth(String what, List<PowerLaw.Point> points, PowerLaw law) {

        private static <T> Growth of(String what, Map<Integer, Measured<T>> parts, ToDoubleFunction<T> value) {
            var points = parts.entrySet().stream().map(part -> new PowerLaw.Point(part.getKey(), value.applyAsDouble(part.getValue().figures()))).toList();
            return new Growth(what, points, PowerLaw.fit(points));
        }
    }

    /** Of the processors, all processes together. */
    static double cpuSeconds(Measuring.Load load) {
        return load.load().cpu().values().stream().mapToDouble(cpu -> cpu.all()).sum();
    }

    /** Of all processes at the end, shared pages divided. */
    static double megabytes(Measuring.Load load) {
        return load.load().pssBytes().values().stream().mapToLong(Long::longValue).sum() / 1e6;
    }
}
