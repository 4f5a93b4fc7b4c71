package io.millrace.console.live;

import io.millrace.console.live.LiveView.Wal;
import io.millrace.console.live.Watch.Answer;
import io.millrace.console.live.Watch.Seen;
import io.millrace.pipeline.metrics.Samples;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** Which of the captures has which slot: there is one of each source, and what one tells is no word about the others. Immutable. */
final class Slots {

    private static final String RETAINED = "millrace_slot_retained_bytes";
    private static final String SAFE = "millrace_slot_safe_bytes";
    /** With this one every capture tells its slot, whatever else it knows. */
    private static final String STANDBY = "millrace_standby";
    private static final String SLOT = "slot";

    private final Map<String, Seen> bySlot = new HashMap<>();
    private final Seen untold;
    private final Samples captures;
    private final Samples purge;

    /** @param purge what the purge service says, which looks at the slot too */
    Slots(Seen captures, Samples purge) {
        this.captures = captures.samples();
        this.purge = purge;
        var told = new HashMap<String, List<Answer>>();
        var untold = new ArrayList<Answer>();
        for (var answer : captures.answers()) {
            var slots = Samples.parse(answer.metrics()).values(STANDBY, SLOT);
            slots.forEach(slot -> told.computeIfAbsent(slot, _ -> new ArrayList<>()).add(answer));
            if (slots.isEmpty()) {
                untold.add(answer);
            }
        }
        told.forEach((slot, answers) -> bySlot.put(slot, Seen.of(answers)));
        this.untold = Seen.of(untold);
    }

    /** What the captures of one slot say; where none tells of it, those that do not say which they have. Nobody's where every capture has another one. */
    Seen seen(String slot) {
        return bySlot.getOrDefault(slot, untold);
    }

    /**
     * What the primary keeps for the slot that has the least room; by the purge service where capture does not tell. Null where nobody does.
     *
     * @param slot the one that is meant; null for all
     */
    Wal least(String slot) {
        var slots = new TreeSet<>(captures.values(RETAINED, SLOT));
        slots.addAll(purge.values(RETAINED, SLOT));
        return slots.stream().filter(one -> slot == null || slot.equals(one)).map(this::wal)
                .min(Comparator.comparing(Wal::safe, Comparator.nullsLast(Comparator.naturalOrder())).thenComparing(Wal::kept, Comparator.reverseOrder())).orElse(null);
    }

    private Wal wal(String slot) {
        var of = Map.of(SLOT, slot);
        var told = captures.max(RETAINED, of) == null ? purge : captures;
        return new Wal(slot, told.max(RETAINED, of), told.max(SAFE, of));
    }
}
