package io.millrace.check.script;

import io.millrace.check.CheckException;
import io.millrace.check.Rule;
import io.millrace.check.Waiver;
import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** Reads {@code -- millrace:allow RULE until=2027-01-01 reason=…} comments. */
final class WaiverReader {

    private static final Pattern MARK = Pattern.compile("--\\s*millrace:allow\\b(.*)");
    private static final Pattern FORM = Pattern.compile("\\s+(\\S+)\\s+until=(\\S+)\\s+reason=\"?(.*\\S)\"?\\s*");

    private WaiverReader() {}

    /** @throws CheckException for one that lacks its rule, its end or its reason */
    static List<Waiver> read(String file, int firstLine, String text) {
        var waivers = new ArrayList<Waiver>();
        int line = firstLine;
        for (var row : text.split("\n", -1)) {
            var mark = MARK.matcher(row);
            if (mark.find()) {
                waivers.add(waiver(file, line, mark.group(1)));
            }
            line++;
        }
        return List.copyOf(waivers);
    }

    private static Waiver waiver(String file, int line, String text) {
        var form = FORM.matcher(text);
        if (!form.matches()) {
            throw new CheckException(file + ":" + line + ": a waiver reads '-- millrace:allow RULE until=2027-01-01 reason=why it is all right', with all three parts, and this one reads '" + text.strip() + "'");
        }
        var rule = Rule.byId(form.group(1)).orElseThrow(() -> new CheckException(file + ":" + line + ": the waiver names the rule '" + form.group(1)
                + "', which is none; the report names the rule of each finding"));
        try {
            return new Waiver(rule, LocalDate.parse(form.group(2)), form.group(3), file, line);
        } catch (DateTimeParseException _) {
            throw new CheckException(file + ":" + line + ": the waiver ends at '" + form.group(2) + "', which is no day; write it as 2027-01-01");
        }
    }
}
