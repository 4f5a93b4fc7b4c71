package io.millrace.console.live;

import java.util.List;

/**
 * One stage at one moment; a figure that nobody gives is null.
 *
 * @param state {@code up}, {@code waiting} or {@code down}; the worst of the instances
 * @param reason why it is not up; of one that is, what a person should know though nothing is wrong, mostly empty
 * @param instances how many answer, of how many
 * @param rate records a second since the look before
 * @param bytes bytes a second out of the stage
 * @param lag records
 * @param lagSeconds age of the oldest change that is not finished; null also where records wait of which the age is not known yet
 * @param p50 seconds from the commit to the end of the stage, by the documents of the index; of several pipelines the slowest, so it never falls from a stage to the next
 * @param started when its youngest instance started, seconds since the epoch
 * @param extra what only this stage has
 */
public record StageView(String name, String label, String state, String reason, String instances, Double rate, Double bytes, Double lag, Double lagSeconds, Double p50, Double p99,
        Double started, List<Extra> extra) {

    /** A figure of one stage. */
    public record Extra(String name, Double value, String unit) {}
}
