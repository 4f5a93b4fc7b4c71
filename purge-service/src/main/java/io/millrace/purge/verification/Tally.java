package io.millrace.purge.verification;

import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Counts what one verification finds, and keeps the first of it. Not thread-safe. */
final class Tally {

    /** That are told. */
    static final int MOST_FOUND = 200;
    private static final int MOST_NOTES = 20;

    private final Map<Kind, Long> kinds = new EnumMap<>(Kind.class);
    private final Set<String> notes = new LinkedHashSet<>();
    private final List<Found> found = new ArrayList<>();
    private String phase = "beginning";
    private long documents;
    private long indexed;
    private long candidates;
    private long repaired;
    private long unrepaired;
    private long erased;
    private long undecided;

    void phase(String now) {
        phase = now;
    }

    void compared(int more) {
        documents += more;
    }

    void lookedUp(int more) {
        indexed += more;
    }

    void candidates(int more) {
        candidates += more;
    }

    void erased(int more) {
        erased += more;
    }

    void undecided(int more, String why) {
        if (more > 0) {
            undecided += more;
            note(why);
        }
    }

    void note(String text) {
        if (notes.size() < MOST_NOTES) {
            notes.add(text);
        }
    }

    boolean hasRoom() {
        return found.size() < MOST_FOUND;
    }

    void found(Found one) {
        kinds.merge(one.kind(), 1L, Long::sum);
        if (one.repair() == Found.Repair.REPAIRED) {
            repaired++;
        } else if (one.repair() != null) {
            unrepaired++;
        }
        if (hasRoom()) {
            found.add(one);
        }
    }

    long repairs() {
        return repaired + unrepaired;
    }

    State state() {
        return kinds.values().stream().mapToLong(Long::longValue).sum() > repaired ? State.DIFFERS : undecided > 0 ? State.UNDECIDED : State.AGREES;
    }

    /** @param finishedAt null while it runs */
    Report report(Instant finishedAt) {
        return new Report(phase, documents, indexed, candidates, kind(Kind.MISSING), kind(Kind.ORPHANED), kind(Kind.DIFFERENT), repaired, unrepaired, erased, undecided, List.copyOf(notes), finishedAt, List.copyOf(found));
    }

    private long kind(Kind kind) {
        return kinds.getOrDefault(kind, 0L);
    }
}
