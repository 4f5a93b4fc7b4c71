package io.millrace.check.rule;

import io.millrace.check.Finding.Cost;
import io.millrace.check.Finding.Impact;
import io.millrace.check.Level;
import io.millrace.check.Rule;
import io.millrace.pipeline.file.TableName;
import java.util.List;

/**
 * A finding before it is known which statement made it.
 *
 * @param table null where it is about no table
 * @param column null where it is about no column
 * @param message what happens
 * @param impacts which documents it hits
 * @param cost null where nothing has to be decoded for it
 */
public record Draft(Rule rule, Level level, TableName table, String column, String message, List<Impact> impacts, Cost cost) {

    /** What tells one finding of a migration from another. */
    public record Key(Rule rule, TableName table, String column) {}

    static Draft of(Rule rule, TableName table, String column, String message, List<Impact> impacts) {
        return new Draft(rule, rule.level(), table, column, message, impacts, null);
    }

    Draft at(Level other) {
        return new Draft(rule, other, table, column, message, impacts, cost);
    }

    Draft costing(Cost what) {
        return new Draft(rule, level, table, column, message, impacts, what);
    }

    public Key key() {
        return new Key(rule, table, column);
    }
}
