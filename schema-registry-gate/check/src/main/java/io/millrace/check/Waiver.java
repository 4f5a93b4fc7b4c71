package io.millrace.check;

import java.time.LocalDate;

/**
 * A comment in a migration that allows a finding: {@code -- millrace:allow RULE until=2027-01-01 reason=…}.
 *
 * @param rule what it allows
 * @param until the last day on which it counts
 * @param reason in its author's words
 * @param file where it stands
 * @param line where it stands, counted from 1
 */
public record Waiver(Rule rule, LocalDate until, String reason, String file, int line) {

    public boolean isExpired(LocalDate today) {
        return today.isAfter(until);
    }
}
