package io.millrace.capture.engine;

import io.millrace.capture.continuity.Break;
import io.millrace.capture.continuity.Break.OtherHistory;
import io.millrace.capture.continuity.Break.SlotGone;
import io.millrace.capture.continuity.Break.SlotMoved;
import io.millrace.capture.continuity.Continuity;
import io.millrace.capture.continuity.Gap;
import io.millrace.capture.continuity.Known;
import io.millrace.capture.continuity.Mark;
import io.millrace.capture.continuity.Memory;
import io.millrace.capture.continuity.Origin;
import io.millrace.capture.continuity.Point;
import io.millrace.capture.send.CapturedLogs;
import io.millrace.capture.send.Progress;
import io.millrace.capture.source.Slot;
import io.millrace.capture.source.SourceConnection;
import io.millrace.capture.source.SourceLook;
import io.millrace.capture.source.Timelines;
import io.millrace.capture.source.Truncates;
import io.millrace.capture.source.Wanted;
import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.record.Position;
import io.millrace.pipeline.topic.Topics;
import io.millrace.pipeline.wording.Counted;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.stream.Collectors;
import org.jboss.logging.Logger;

/**
 * Finds where a run begins: compares the source with what is remembered of it, begins a recovery where one is allowed, and
 * says what may be missing where none is. Used by one thread at a time; a recovery may be asked for by any.
 */
final class Start {

    private static final Logger LOG = Logger.getLogger(Start.class);
    /** A base is a multiple of this, so that the lower half of a position still reads like the LSN's. */
    private static final int BASE_BITS = 32;

    private final String sourceName;
    private final SourceConnection source;
    private final Slot slot;
    private final Map<TableName, Wanted> wanted;
    private final Set<TableName> tables;
    private final Progress progress;
    private final CapturedLogs logs;
    private final Truncates truncates;
    private final Marks marks;
    private final Readiness readiness;
    private final LeftOut leftOut;
    private final Allowed allowed;
    private volatile boolean asked;
    /** Tables that somebody wants to be read again, though the rest may wait. */
    private final Set<TableName> askedTables = ConcurrentHashMap.newKeySet();
    /** Why the history that was streamed last is not the remembered one, null where it is. */
    private String diverged;
    /** Tables with a change that did not say which row it was of, until that is remembered. */
    private final Set<TableName> unnamed = ConcurrentHashMap.newKeySet();
    /** Tables of which the stream brought changes that were not captured, each with the cause, until that is remembered. */
    private final Map<TableName, String> lacking = new ConcurrentHashMap<>();
    /** Why the slot was given up, null where it was not. */
    private volatile String givenUp;
    /** Why the log cannot be read on, null where it can, or nobody wants it to be given up. */
    private volatile String impassable;

    /**
     * @param wanted what is wanted of each captured table
     * @param leftOut which of them are not captured for now
     */
    Start(String sourceName, SourceConnection source, Slot slot, Map<TableName, Wanted> wanted, Progress progress, CapturedLogs logs, Truncates truncates, Marks marks, Readiness readiness, LeftOut leftOut, Allowed allowed) {
        this.sourceName = sourceName;
        this.source = source;
        this.slot = slot;
        this.wanted = wanted;
        this.tables = wanted.keySet();
        this.progress = progress;
        this.logs = logs;
        this.truncates = truncates;
        this.marks = marks;
        this.readiness = readiness;
        this.leftOut = leftOut;
        this.allowed = allowed;
    }

    /**
     * What is done without being asked for.
     *
     * @param recovery whether what may be missing is read again
     * @param reread whether rows are that were changed without a change in the log
     */
    record Allowed(boolean recovery, boolean reread) {}

    /** Allows one table to be read again of which changes may be missing, or whose rows hold old values. */
    void ask(TableName table) {
        askedTables.add(table);
    }

    /** Allows the recovery of whatever may be missing now. */
    void ask() {
        asked = true;
    }

    /** The stream that was begun last turned out to be of another history. */
    void diverged(String why) {
        diverged = why;
    }

    /** Changes of these tables did not say which rows they were of. */
    void unnamed(Set<TableName> tables) {
        unnamed.addAll(tables);
    }

    /** The stream that was begun last has changes of these tables that are not captured, each with the cause as the end of a sentence that begins with "it". */
    void lacking(Map<TableName, String> tables) {
        lacking.putAll(tables);
    }

    /** What the log has next cannot be read, and is given up: every table is read again. */
    void impassable(String why) {
        impassable = why;
    }

    /** The slot was taken away on purpose. */
    void givenUp(String why) {
        givenUp = why;
    }

    /** What is wrong with tables, to be said together with what keeps all of them; empty where the database cannot be asked. */
    List<String> tableProblems() {
        try {
            return leftOut.over(SourceLook.take(source, slot, wanted, Map.of(), truncates)).tables().values().stream().flatMap(t -> t.problems().stream()).toList();
        } catch (SQLException e) {
            LOG.debugf("The tables cannot be looked at: %s", e.getMessage());
            return List.of();
        }
    }

    /**
     * Where to begin, and with what.
     *
     * @throws StartException when the stream cannot go on before somebody decides
     */
    Plan plan() throws SQLException, InterruptedException {
        var lost = logs.lost();
        var names = progress.tables();
        var plan = plan(lost, names);
        list(wereRead(plan.tables()), names);
        unnamed.clear();
        lacking.clear();
        impassable = null;
        logs.renew(lost.keySet());
        return plan;
    }

    /** Whoever waits for a table to be there would wait for ever where its topic was deleted. */
    private void list(List<TableName> read, Set<TableName> listed) throws InterruptedException {
        if (!listed.equals(Set.copyOf(read))) {
            progress.save(read);
        }
    }

    /**
     * @param lost tables of which Kafka does not have any more what it acknowledged, each with the cause
     * @param names of the tables that were read, as others are told
     */
    private Plan plan(Map<TableName, String> lost, Set<TableName> names) throws SQLException, InterruptedException {
        var remembered = progress.memory();
        truncates.begin();
        var look = leftOut.over(SourceLook.take(source, slot, wanted, Memory.before(remembered.mark(), remembered.tables()), truncates));
        var memory = memory(remembered, names, look);
        marks.load(memory.mark());
        if (memory.mark() == null) {
            long start = look.slot() == null ? makeSlot() : look.slot().confirmed();
            marks.begin(origin(look, 0), new Point(start, look.now().micros()), look);
            return plan(start, memory.tables(), look, true);
        }
        var known = Continuity.tables(memory, look, tables);
        unnamed.forEach(table -> known.computeIfPresent(table, (_, one) -> one.missing("a change of it did not say which row it was of", memory.mark().acknowledged(), look.now())));
        lacking.forEach((table, cause) -> known.computeIfPresent(table, (_, one) -> endsNow(one, look) ? one : one.missing(cause, memory.mark().acknowledged(), look.now())));
        for (var table : lost.keySet()) {
            var since = lastOf(table, memory.mark());
            known.computeIfPresent(table, (_, one) -> one.missing(lost.get(table), since, look.now()));
        }
        return switch (broken(memory.mark(), look)) {
            case null -> impassable == null ? goOn(memory, known, look) : recover(impassable, memory, known, look, memory.mark().origin().base());
            case SlotMoved moved -> {
                LOG.errorf("The replication slot %s stands at %s, though Kafka has its changes until %s only", slot.name(), moved.to(), moved.from());
                var gaps = remember(missing(known, moved.what(), moved.from(), moved.to(), allowed(known)));
                marks.begin(memory.mark().origin(), moved.to(), look);
                yield plan(moved.to().lsn(), gaps, look, true);
            }
            case SlotGone gone -> recover(givenUp == null ? gone.what() : givenUp + " after it was read until " + memory.mark().acknowledged(), memory, known, look, memory.mark().origin().base());
            case OtherHistory other -> recover(other.what(), memory, known, look, above(memory.mark()));
        };
    }

    /** Whether this look found already why changes may be missing. */
    private static boolean endsNow(Known one, SourceLook look) {
        return one.gap() != null && !one.isOld() && one.gap().to().equals(look.now());
    }

    /** The last change of a table that Kafka has of what it had; of requests of erasure only the latest may come again, and the gate takes them at once. */
    private Point lastOf(TableName table, Mark mark) throws InterruptedException {
        var last = progress.last(Topics.captured(sourceName, table), mark.origin().base(), logs.kept(table));
        return last != null ? last : table.equals(Topics.OUTBOX) ? mark.acknowledged() : new Point(0, 0);
    }

    /** A version that left no mark, or one whose memory was deleted, has left the names of the tables; what they are like now is all that can be known of them. */
    private Memory memory(Memory memory, Set<TableName> names, SourceLook look) throws InterruptedException {
        if (memory.mark() != null || names.isEmpty()) {
            return memory;
        }
        // A run that ended before its first mark has remembered them already, and what is missing of them.
        var known = new TreeMap<TableName, Known>(memory.tables());
        names.stream().filter(look.tables()::containsKey).forEach(table -> known.computeIfAbsent(table, _ -> now(table, look)));
        var end = look.slot() == null ? new Point(0, 0) : new Point(look.slot().confirmed(), look.now().micros());
        return new Memory(new Mark(origin(look, forgotten(look)), end, look.now(), look.horizon(), null), remember(known));
    }

    /** The base of a source of which nobody remembers it. Where Kafka has a position above those to come, it had one, or a crash left more there than was confirmed: a new one does for both. */
    private long forgotten(SourceLook look) throws InterruptedException {
        var rows = tables.stream().filter(t -> wanted.get(t).rows()).map(t -> Topics.rows(sourceName, t)).toList();
        long highest = Math.max(progress.highest(topics()), progress.highest(rows));
        long first = look.slot() == null ? look.now().lsn() : look.slot().confirmed();
        return Long.compareUnsigned(highest, first) > 0 ? above(highest) : 0;
    }

    private Break broken(Mark mark, SourceLook look) throws SQLException, InterruptedException {
        if (diverged != null) {
            return new OtherHistory(diverged);
        }
        int before = mark.origin().timeline();
        boolean promoted = look.timeline() != before;
        var same = promoted ? null : Continuity.of(mark, mark, look, OptionalLong.empty());
        if (!promoted && (same == null || same instanceof OtherHistory)) {
            return same;
        }
        // Kafka may hold a little more than the mark says, and it must not be more than the log has.
        long end = Math.max(mark.acknowledged().lsn(), progress.highest(topics()) - mark.origin().base());
        var known = new Mark(mark.origin(), new Point(end, mark.acknowledged().micros()), mark.looked(), mark.horizon(), mark.beat());
        var found = Continuity.of(known, mark, look, promoted ? Timelines.leftAt(source, before, look.timeline()) : OptionalLong.empty());
        return promoted || found instanceof OtherHistory ? found : same;
    }

    /** The stream goes on where it was left; single tables may have been changed. */
    private Plan goOn(Memory memory, Map<TableName, Known> known, SourceLook look) throws SQLException, InterruptedException {
        var all = added(wanted(known), look);
        if (!all.equals(memory.tables())) {
            remember(all);
        }
        asked = false;
        heard(all);
        var origin = memory.mark().origin();
        if (origin.timeline() != look.timeline()) {
            LOG.infof("Postgres was promoted to timeline %d after everything that was captured; nothing is missing", look.timeline());
            progress.forgetReached();
            marks.promoted(origin(look, origin.base()));
        }
        long start = look.slot().confirmed();
        var captured = all.keySet().stream().filter(t -> tables.contains(t) && !t.equals(Topics.HEARTBEAT)).toList();
        boolean everything = !captured.isEmpty() && captured.stream().allMatch(t -> all.get(t).gap() != null && all.get(t).gap().asked() && sound(t, look));
        if (everything && captured.stream().anyMatch(t -> all.get(t).wasRead() && Long.compareUnsigned(all.get(t).gap().to().lsn(), start) > 0)) {
            // All is read again, so what is still in the log of them is not needed; it may not even be readable (a publication that was dropped). Tables that a first load left are no reason to begin it anew.
            return plan(pass(look, memory.mark().origin().base()), all, look, true);
        }
        return plan(start, all, look, false);
    }

    /** Tables that were added after others had been read; the others need not wait for them. */
    private Map<TableName, Known> added(Map<TableName, Known> known, SourceLook look) {
        if (known.isEmpty()) {
            return known;
        }
        var all = new TreeMap<>(known);
        tables.stream().filter(t -> !t.equals(Topics.HEARTBEAT) && !isQueue(t) && sound(t, look))
                .forEach(table -> all.computeIfAbsent(table, _ -> now(table, look).withGap(Gap.ofAdded(look.now()))));
        return all;
    }

    /**
     * The plan once a table was read while the stream went on. What was known of it when the reading began is remembered, so
     * that a change since then is found at the next look. A reading that began before what it is to put right counts for nothing: another one follows.
     *
     * @param from the LSN as of which the reading began at the earliest
     */
    Plan read(Plan plan, TableName table, long from) throws InterruptedException {
        var needed = plan.reread().get(table);
        if (needed == null || Long.compareUnsigned(from, needed) < 0) {
            return plan;
        }
        var known = new TreeMap<>(plan.tables());
        known.computeIfPresent(table, (_, one) -> one.read());
        var left = new TreeMap<>(plan.reread());
        left.remove(table);
        remember(known);
        progress.save(wereRead(known));
        return plan.with(known, left, troubles(known, plan.problems(), plan.read()));
    }

    /**
     * The plan with what a look found of its tables, and with what somebody asked for since: rows that hold old values are read
     * while the stream goes on.
     *
     * @return null where the stream has to begin anew for it
     */
    Plan along(Plan plan, Map<TableName, Known> seen) throws InterruptedException {
        var known = wanted(seen);
        if (!Continuity.flowsOn(plan.tables(), seen) || known.keySet().stream().anyMatch(t -> isQueue(t) && isToBeRead(known.get(t))) || captured(known).stream().allMatch(t -> isToBeRead(known.get(t)))) {
            return null;
        }
        var reread = new TreeMap<>(plan.reread());
        known.forEach((table, one) -> {
            if (isToBeRead(one) && plan.streamed().contains(table) && !plan.problems().containsKey(table)) {
                reread.put(table, one.gap().to().lsn());
            }
        });
        if (!known.equals(plan.tables())) {
            remember(known);
        }
        return plan.with(known, reread, troubles(known, plan.problems(), plan.read()));
    }

    /** Whether rows are requests or events, of which a reading brings what is there, and takes nothing away. It is read before the stream. */
    boolean isQueue(TableName table) {
        return table.equals(Topics.OUTBOX) || !table.equals(Topics.HEARTBEAT) && wanted.containsKey(table) && !wanted.get(table).rows();
    }

    private static boolean isToBeRead(Known one) {
        return one != null && one.gap() != null && one.gap().asked();
    }

    /**
     * What is known of the tables behind a reading before the stream.
     *
     * @param whole tables that were read so
     * @param left others that were to be, which are read while the stream goes on; as of now, which is above the rows that were read of them, so that those that are gone are taken away
     */
    Map<TableName, Known> readFirst(Plan plan, Map<TableName, Known> whole, Map<TableName, Known> left) throws SQLException {
        var known = new TreeMap<>(plan.whole());
        known.putAll(whole);
        if (!left.isEmpty()) {
            var now = SourceLook.take(source, slot, Map.of(), Map.of(), truncates).now();
            left.forEach((table, one) -> {
                var before = plan.tables().get(table);
                known.put(table, one.withGap(before == null ? Gap.ofAdded(now) : before.gap().widened(before.gap().cause(), now)));
            });
        }
        return known;
    }

    /** Those of the captured tables that were read whole once. */
    List<TableName> wereRead(Map<TableName, Known> known) {
        return known.entrySet().stream().filter(e -> tables.contains(e.getKey()) && e.getValue().wasRead()).map(Map.Entry::getKey).toList();
    }

    /** Begins anew behind everything that is in the log now, and has every table read again. */
    private Plan recover(String what, Memory memory, Map<TableName, Known> known, SourceLook look, long base) throws SQLException, InterruptedException {
        var end = memory.mark().acknowledged();
        if (!allowed(known)) {
            throw new StartException(what + ". Nothing is captured until this is decided. What was committed after " + end + " may be missing in "
                    + Counted.of(captured(known).size(), "table") + ", all that are captured. " + remedy());
        }
        LOG.errorf("%s. Every table is read again. What was committed after %s may be missing until then", what, end);
        var gaps = remember(missing(known, "it is to be read again, because the stream broke off", end, look.now(), true));
        boolean otherHistory = base != memory.mark().origin().base();
        if (otherHistory) {
            progress.forgetReached();
        }
        diverged = null;
        givenUp = null;
        asked = false;
        long start = look.slot() == null || look.slot().isLost() ? makeAnew(look, base) : impassable == null ? pass(look, base) : passOrMakeAnew(look, base);
        return plan(start, gaps, look, true);
    }

    /** To move a slot Postgres reads the log once more, and a file of that may be gone. */
    private long passOrMakeAnew(SourceLook look, long base) throws SQLException, InterruptedException {
        try {
            return pass(look, base);
        } catch (SQLException e) {
            if (!Passing.mayStay(e)) {
                throw e;
            }
            LOG.warnf("The replication slot %s cannot be moved to the end of the log, and is made anew: %s", slot.name(), e.getMessage());
            return makeAnew(look, base);
        }
    }

    private long makeAnew(SourceLook look, long base) throws SQLException, InterruptedException {
        slot.drop();
        long start = makeSlot();
        marks.begin(origin(look, base), new Point(start, look.now().micros()), look);
        return start;
    }

    /** Moves the slot to the end of the log. */
    private long pass(SourceLook look, long base) throws SQLException, InterruptedException {
        long start = slot.advance();
        marks.begin(origin(look, base), new Point(start, look.now().micros()), look);
        return start;
    }

    private long makeSlot() throws SQLException {
        readiness.preparing("making the replication slot " + slot.name() + ", which waits for the transactions that are open now");
        long start = slot.create();
        LOG.infof("Made the replication slot %s at %s", slot.name(), Position.lsnText(start));
        return start;
    }

    /** A base by which every position of the new history is above every position that Kafka has. */
    private long above(Mark mark) throws InterruptedException {
        return above(Math.max(progress.highest(topics()), mark.origin().base() + mark.acknowledged().lsn()));
    }

    private static long above(long highest) {
        return (highest >>> BASE_BITS) + 2 << BASE_BITS;
    }

    private List<String> topics() {
        return tables.stream().filter(t -> wanted.get(t).rows()).map(t -> Topics.captured(sourceName, t)).toList();
    }

    private boolean allowed(Map<TableName, Known> known) {
        var captured = captured(known);
        return allowed.recovery() || asked || !captured.isEmpty() && captured.stream().allMatch(t -> known.get(t).gap() != null && known.get(t).gap().asked());
    }

    private List<TableName> captured(Map<TableName, Known> known) {
        return known.keySet().stream().filter(t -> tables.contains(t) && !t.equals(Topics.HEARTBEAT)).toList();
    }

    /** With the asking for whatever is allowed, or was asked for. */
    private Map<TableName, Known> wanted(Map<TableName, Known> known) {
        var all = new TreeMap<TableName, Known>();
        known.forEach((table, one) -> all.put(table, asked || askedTables.contains(table) || (one.isOld() ? allowed.reread() : allowed.recovery()) ? one.asked() : one));
        return all;
    }

    /** What was asked for is remembered with the tables, and carried out. */
    void heard(Map<TableName, Known> known) {
        askedTables.removeIf(table -> known.containsKey(table) && (known.get(table).gap() == null || known.get(table).gap().asked()));
    }

    private static Map<TableName, Known> missing(Map<TableName, Known> known, String cause, Point from, Point to, boolean asked) {
        var all = new TreeMap<TableName, Known>();
        known.forEach((table, one) -> all.put(table, table.equals(Topics.HEARTBEAT) ? one
                : one.withGap(new Gap(cause, one.gap() == null ? from : one.gap().from(), to, asked || one.gap() != null && one.gap().asked(), !one.wasRead(), false))));
        return all;
    }

    private Map<TableName, Known> remember(Map<TableName, Known> known) throws InterruptedException {
        progress.remember(known);
        return known;
    }

    private static Origin origin(SourceLook look, long base) {
        return new Origin(look.system(), look.database(), look.timeline(), base);
    }

    private static Known now(TableName table, SourceLook look) {
        return Known.whole(look.tables().get(table));
    }

    private static boolean sound(TableName table, SourceLook look) {
        return look.tables().get(table).isSound();
    }

    /**
     * @param passed whether everything in the log up to now may be left to the reading of the tables. Else the stream is whole,
     *        and what has to be read is read beside it, except requests of erasure: of these only the latest are, by a query of their own
     */
    private Plan plan(long start, Map<TableName, Known> known, SourceLook look, boolean passed) {
        var read = new TreeSet<TableName>();
        var reconciled = new TreeSet<TableName>();
        var reread = new TreeMap<TableName, Long>();
        var streamed = new TreeSet<TableName>();
        long due = 0;
        for (var table : tables) {
            var one = known.get(table);
            var gap = one == null ? null : one.gap();
            boolean readable = sound(table, look) && !table.equals(Topics.HEARTBEAT);
            if (one == null && readable) {
                read.add(table);
            } else if (gap != null && gap.asked() && readable) {
                if (!passed && !isQueue(table)) {
                    reread.put(table, gap.to().lsn());
                } else if (passed || Long.compareUnsigned(gap.to().lsn(), start) <= 0) {
                    read.add(table);
                    reconciled.add(table);
                } else {
                    due = Math.max(due, gap.to().lsn());
                }
            }
            if (look.tables().get(table).canStream() && (one != null || sound(table, look))) {
                streamed.add(table);
            }
        }
        reconciled.removeIf(this::isQueue);
        var whole = new TreeMap<>(known);
        // As of this look, which is older than what is read: what happens in between is found at the next.
        read.forEach(table -> whole.put(table, now(table, look)));
        return new Plan(marks.current().origin().base(), start, known, problems(look), read, reconciled, reread, streamed, whole, troubles(known, problems(look), read), due);
    }

    /** What Plan and watch compare: a table that is sound is not in it. */
    static Map<TableName, List<String>> problems(SourceLook look) {
        var problems = new TreeMap<TableName, List<String>>();
        look.tables().forEach((table, seen) -> {
            if (!seen.isSound()) {
                problems.put(table, seen.problems());
            }
        });
        return problems;
    }

    private List<String> troubles(Map<TableName, Known> known, Map<TableName, List<String>> problems, Set<TableName> read) {
        var troubles = problems.values().stream().flatMap(List::stream).collect(Collectors.toList());
        var byGap = new TreeMap<String, List<TableName>>();
        known.forEach((table, one) -> {
            if (one.gap() != null && one.wasRead() && tables.contains(table) && !read.contains(table)) {
                var gap = one.gap();
                var what = gap.old() ? "Old rows of %s hold old values: " + gap.cause() + ". That happened between " + gap.from() + " and " + gap.to() + ". "
                        : "Changes of %s may be missing: " + gap.cause() + ". They were committed between " + gap.from() + " and " + gap.to() + ". ";
                byGap.computeIfAbsent(what + (gap.asked() ? asked(table, problems.containsKey(table)) : gap.old() ? reread(table) : remedy()), _ -> new ArrayList<>()).add(table);
            }
        });
        byGap.forEach((what, of) -> troubles.add(what.replaceFirst("%s", Matcher.quoteReplacement(names(of)))));
        return List.copyOf(troubles);
    }

    private String asked(TableName table, boolean hasProblems) {
        if (hasProblems) {
            return "The recovery is asked for and begins as soon as the table can be read";
        }
        return isQueue(table) ? "The recovery is asked for and begins as soon as capture has passed that" : "The recovery is asked for: what is there is being read while the stream goes on, ./millrace resnapshot tells how far that is";
    }

    private static String names(List<TableName> tables) {
        int most = 5;
        return (tables.size() == 1 ? "the table " : "the tables ") + tables.stream().limit(most).map(TableName::toString).collect(Collectors.joining(", "))
                + (tables.size() > most ? " and " + (tables.size() - most) + " more" : "");
    }

    private String reread(TableName table) {
        return "Run ./millrace resnapshot " + sourceName + " " + table + ", which reads them again while the stream goes on; source.reread: automatic in the pipeline file does so by itself";
    }

    private String remedy() {
        return "Run ./millrace recover " + sourceName + ", which reads what is missing again and takes away what is gone; source.recovery: automatic in the pipeline file does so by itself";
    }
}
