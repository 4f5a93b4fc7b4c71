package io.millrace.tests.bench.report;

import io.millrace.tests.bench.load.Limits;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * All parts of one commit on one machine.
 *
 * @param loads by size, as are the limits; of the other parts null where one was not measured
 * @param others parts that are there and not of this report, and why
 */
record Report(Machine machine, boolean quick, SequencedMap<Integer, Measured<Measuring.Load>> loads, Measured<ColdCurve.Result> start, Measured<Measuring.Idle> idle, Measured<Measuring.Steps> steady,
        Measured<Sustained.Result> rate, Measured<FanOut.Result> fanOut, SequencedMap<Integer, Measured<Limits.Result>> limits, List<String> others) {

    static Report of(Machine machine, boolean quick, Store store) {
        var loads = new LinkedHashMap<Integer, Measured<Measuring.Load>>();
        var limits = new LinkedHashMap<Integer, Measured<Limits.Result>>();
        for (int size : store.sizes()) {
            store.read(Part.LOAD.file(size), Measuring.Load.class).ifPresent(part -> loads.put(size, part));
            store.read(Part.LIMITS.file(size), Limits.Result.class).ifPresent(part -> limits.put(size, part));
        }
        return new Report(machine, quick, loads, store.read(Part.START.file(), ColdCurve.Result.class).orElse(null), store.read(Part.IDLE.file(), Measuring.Idle.class).orElse(null),
                store.read(Part.STEADY.file(), Measuring.Steps.class).orElse(null), store.read(Part.RATE.file(), Sustained.Result.class).orElse(null), store.read(Part.FANOUT.file(), FanOut.Result.class).orElse(null),
                limits, store.others());
    }

    /** Every part that is there, by its name. */
    SequencedMap<String, Measured<?>> parts() {
        var parts = new LinkedHashMap<String, Measured<?>>();
        loads.forEach((size, part) -> parts.put("first load of %,d monitors".formatted(size), part));
        put(parts, "right after the start", start);
        put(parts, "at rest", idle);
        put(parts, "steady rates", steady);
        put(parts, "highest rate", rate);
        put(parts, "fan-out", fanOut);
        limits.forEach((size, part) -> parts.put("limits of %,d monitors".formatted(size), part));
        return parts;
    }

    private static void put(Map<String, Measured<?>> parts, String name, Measured<?> part) {
        Optional.ofNullable(part).ifPresent(there -> parts.put(name, there));
    }

    int differences() {
        return parts().values().stream().mapToInt(part -> part.ends().differences()).sum();
    }

    /** Seconds of a first load against its documents. */
    PowerLaw loadSeconds() {
        return PowerLaw.fit(loads.values().stream().map(part -> new PowerLaw.Point(part.figures().load().documents(), part.figures().load().all())).toList());
    }

    /** Seconds of the processors that a first load takes, of all processes, against its documents. */
    PowerLaw loadCpu() {
        return PowerLaw.fit(loads.values().stream().map(part -> new PowerLaw.Point(part.figures().load().documents(), cpuSeconds(part.figures()))).toList());
    }

    static double cpuSeconds(Measuring.Load load) {
        return load.load().cpu().values().stream().mapToDouble(cpu -> cpu.all()).sum();
    }

    /** Megabytes resident at the end of a first load, shared pages divided, of all processes, against its documents. */
    PowerLaw loadMemory() {
        return PowerLaw.fit(loads.values().stream().map(part -> new PowerLaw.Point(part.figures().load().documents(), megabytes(part.figures()))).toList());
    }

    static double megabytes(Measuring.Load load) {
        return load.load().pssBytes().values().stream().mapToLong(Long::longValue).sum() / 1e6;
    }
}
