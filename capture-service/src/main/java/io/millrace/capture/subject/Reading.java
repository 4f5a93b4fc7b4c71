package io.millrace.capture.subject;

import io.millrace.pipeline.file.TableName;
import io.millrace.pipeline.subject.SubjectKey;
import io.millrace.pipeline.topic.Topics;

/**
 * Rows of a table that are to be read again: those that carry a key of a subject whose erasure was asked for, or has ended, since a moment.
 *
 * @param column has the key
 * @param since microseconds since the epoch, by the database's clock
 */
public record Reading(TableName table, String subject, String column, long since) {

    /** SQL that chooses the rows. It names nobody. */
    public String where() {
        return SubjectKey.sql(subject, TableName.quote(column)) + " IN (SELECT e.key_hash FROM " + Topics.SUBJECT_ERASURE.sql() + " e WHERE e.subject = '" + subject
                + "' AND coalesce(e.ended_at, e.requested_at) >= timestamptz 'epoch' + " + since + " * interval '1 microsecond')";
    }

    /** Whether it reads the same place, from whatever moment on. */
    public boolean isOf(Reading other) {
        return table.equals(other.table) && subject.equals(other.subject) && column.equals(other.column);
    }

    /** The same rows, and those of an earlier moment. */
    public Reading since(long earlier) {
        return new Reading(table, subject, column, Math.min(since, earlier));
    }
}
