package io.millrace.check;

import java.time.Duration;
import java.util.List;

/**
 * What a check found.
 *
 * @param findings in the order of the migrations, waived ones included
 * @param waivers every waiver, with what became of it
 * @param notes what the reader must know of how it was checked
 * @param migrations how many migrations ran
 * @param statements how many statements they have
 * @param tables how many tables replication depends on
 * @param judgedBy who judged the schemas
 * @param took how long it took
 */
public record Report(List<Finding> findings, List<WaiverUse> waivers, List<String> notes, int migrations, int statements, int tables, String judgedBy, Duration took) {

    /** What became of a waiver. */
    public enum Fate {
        USED, UNUSED, EXPIRED
    }

    public record WaiverUse(Waiver waiver, Fate fate) {}

    /** The findings that no waiver allows and that matter at least so much. */
    public List<Finding> atLeast(Level level) {
        return findings.stream().filter(f -> f.waiver() == null && f.level().isAtLeast(level)).toList();
    }
}
