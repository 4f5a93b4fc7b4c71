package io.millrace.pipeline.file;

import java.util.regex.Pattern;

/** Reads above which share a person is asked before so much leaves at once. */
final class HoldReader {

    private static final Pattern PERCENT = Pattern.compile("(\\d{1,3}) ?%");

    private HoldReader() {}

    /**
     * @param of what it is a share of, for people
     * @return from 0 to 1; null where the file says none, or none that can be read
     */
    static Double hold(Yaml yaml, String of) {
        if (yaml == null) {
            return null;
        }
        var text = yaml.text();
        var match = text == null ? null : PERCENT.matcher(text);
        if (match == null || !match.matches() || Integer.parseInt(match.group(1)) > 100) {
            yaml.problem("'" + text + "' is not a share of the " + of + "; write a whole number from 0 to 100 and %, such as 20 %");
            return null;
        }
        return Integer.parseInt(match.group(1)) / 100.0;
    }
}
